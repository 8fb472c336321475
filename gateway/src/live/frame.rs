//! WebSocket frames (RFC 6455): those of the server as finished bytes, those of clients decoded
//! strictly and within a limit.
//!
//! A server frame is made once and shared by everybody who gets it, which is why it is not left to
//! a codec per connection.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest payload of a control frame, bytes.
const CONTROL_BYTES_MAX: usize = 125;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// A whole text frame.
pub fn text(payload: &[u8]) -> Bytes {
    let len = payload.len();
    let mut out = BytesMut::with_capacity(len + 10);
    out.put_u8(FIN | TEXT);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if len < 126 => out.put_u8(short),
        (_, Ok(medium)) => {
            out.put_u8(126);
            out.put_u16(medium);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(len as u64);
        }
    }
    out.put_slice(payload);
    out.freeze()
}

/// A close frame; a reason that does not fit is cut.
pub fn close(code: u16, reason: &str) -> Bytes {
    let reason = &reason[..reason.floor_char_boundary(CONTROL_BYTES_MAX - 2)];
    let mut payload = BytesMut::with_capacity(2 + reason.len());
    payload.put_u16(code);
    payload.put_slice(reason.as_bytes());
    control(CLOSE, &payload)
}

/// The answer to a client's ping frame.
pub fn pong(payload: &[u8]) -> Bytes {
    control(PONG, payload)
}

fn control(opcode: u8, payload: &[u8]) -> Bytes {
    let payload = &payload[..payload.len().min(CONTROL_BYTES_MAX)];
    let mut out = BytesMut::with_capacity(2 + payload.len());
    out.put_u8(FIN | opcode);
    out.put_u8(u8::try_from(payload.len()).unwrap_or(0));
    out.put_slice(payload);
    out.freeze()
}

/// What a client sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inbound {
    /// A whole text message.
    Text(String),
    /// A ping frame, to be answered with the same payload.
    Ping(Bytes),
    /// A pong frame.
    Pong,
    /// The client closes.
    Close,
}

/// Why a client's bytes are not accepted; the connection ends with 4500.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Violation {
    /// A client masks its frames.
    #[error("frame not masked")]
    Unmasked,
    /// No extension was agreed on.
    #[error("reserved bits set")]
    Reserved,
    /// An opcode that has no meaning.
    #[error("unknown opcode")]
    Opcode,
    /// A control frame in pieces or longer than 125 bytes.
    #[error("malformed control frame")]
    Control,
    /// A continuation without a beginning or content, or a beginning within another message.
    #[error("pieces out of order")]
    Pieces,
    /// Longer than the limit.
    #[error("message too long")]
    TooLong,
    /// This protocol is text.
    #[error("text messages only")]
    Binary,
    /// Text that is not UTF-8.
    #[error("not UTF-8")]
    Utf8,
}

/// Takes a client's bytes and gives its messages. Holds memory only while a frame is incomplete.
#[derive(Debug)]
pub struct Decoder {
    buf: BytesMut,
    pieces: Option<BytesMut>,
    bytes_max: usize,
}

struct Head {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    head: usize,
    len: usize,
}

impl Decoder {
    /// Accepts messages of at most so many bytes.
    pub fn new(bytes_max: usize) -> Decoder {
        Decoder { buf: BytesMut::new(), pieces: None, bytes_max }
    }

    /// More bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// The next whole message.
    ///
    /// # Errors
    /// The first violation; nothing after it can be trusted.
    pub fn next(&mut self) -> Result<Option<Inbound>, Violation> {
        loop {
            let Some(frame) = self.head()? else { return Ok(None) };
            if self.buf.len() < frame.head + frame.len {
                return Ok(None);
            }
            self.buf.advance(frame.head);
            let mut payload = self.buf.split_to(frame.len);
            if self.buf.is_empty() {
                self.buf = BytesMut::new();
            }
            for (i, byte) in payload.iter_mut().enumerate() {
                *byte ^= frame.mask[i & 3];
            }
            if let Some(message) = self.take(frame.fin, frame.opcode, payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// The header of the next frame, once it is complete; refuses by it what need not be read.
    fn head(&self) -> Result<Option<Head>, Violation> {
        let [first, second, rest @ ..] = &self.buf[..] else { return Ok(None) };
        let (fin, opcode) = (first & FIN != 0, first & 0x0F);
        if first & RESERVED != 0 {
            return Err(Violation::Reserved);
        }
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
        }
        let short = second & 0x7F;
        if opcode & 0x8 != 0 && (!fin || short > 125) {
            return Err(Violation::Control);
        }
        let (wide, len) = match short {
            126 => match rest.first_chunk::<2>() {
                Some(len) => (2, u64::from(u16::from_be_bytes(*len))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(len) => (8, u64::from_be_bytes(*len)),
                None => return Ok(None),
            },
            len => (0, u64::from(len)),
        };
        let pending = self.pieces.as_ref().map_or(0, BytesMut::len);
        let len = usize::try_from(len).map_err(|_| Violation::TooLong)?;
        if len.checked_add(pending).is_none_or(|whole| whole > self.bytes_max) {
            return Err(Violation::TooLong);
        }
        let mask = rest.get(wide..).and_then(|rest| rest.first_chunk::<4>());
        Ok(mask.map(|mask| Head { fin, opcode, mask: *mask, head: 2 + wide + 4, len }))
    }

    fn take(
        &mut self,
        fin: bool,
        opcode: u8,
        payload: BytesMut,
    ) -> Result<Option<Inbound>, Violation> {
        match opcode {
            TEXT if self.pieces.is_some() => Err(Violation::Pieces),
            TEXT if fin => whole(&payload).map(Some),
            TEXT => {
                self.pieces = Some(payload);
                Ok(None)
            }
            // Empty pieces would go on for ever within any limit of bytes.
            CONTINUATION if !fin && payload.is_empty() => Err(Violation::Pieces),
            CONTINUATION => {
                let mut pieces = self.pieces.take().ok_or(Violation::Pieces)?;
                pieces.extend_from_slice(&payload);
                if fin {
                    return whole(&pieces).map(Some);
                }
                self.pieces = Some(pieces);
                Ok(None)
            }
            BINARY => Err(Violation::Binary),
            CLOSE => Ok(Some(Inbound::Close)),
            PING => Ok(Some(Inbound::Ping(payload.freeze()))),
            PONG => Ok(Some(Inbound::Pong)),
            _ => Err(Violation::Opcode),
        }
    }
}

fn whole(bytes: &[u8]) -> Result<Inbound, Violation> {
    std::str::from_utf8(bytes)
        .map(|text| Inbound::Text(text.to_owned()))
        .map_err(|_| Violation::Utf8)
}

#[cfg(test)]
mod tests;
