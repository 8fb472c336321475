//! Server frames byte by byte, and a table of what hostile clients send.

use super::*;
use proptest::prelude::*;

const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// A masked frame as a client sends it.
fn client(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ 0..126 => out.push(MASKED | u8::try_from(len).expect("short")),
        len @ 126..65_536 => {
            out.push(MASKED | 126);
            out.extend(u16::try_from(len).expect("medium").to_be_bytes());
        }
        len => {
            out.push(MASKED | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ MASK[i & 3]));
    out
}

fn decode(bytes: &[u8]) -> Result<Vec<Inbound>, Violation> {
    let mut decoder = Decoder::new(1_000);
    decoder.push(bytes);
    let mut out = Vec::new();
    while let Some(message) = decoder.next()? {
        out.push(message);
    }
    Ok(out)
}

fn message(text: &str) -> Inbound {
    Inbound::Text(text.to_owned())
}

#[test]
fn server_frames_have_the_lengths_of_the_standard() {
    assert_eq!(&text(b"Hello")[..], b"\x81\x05Hello");
    assert_eq!(&text(&[b'x'; 125])[..2], b"\x81\x7d");
    assert_eq!(&text(&[b'x'; 126])[..5], b"\x81\x7e\x00\x7ex");
    assert_eq!(&text(&[b'x'; 65_535])[..5], b"\x81\x7e\xff\xffx");
    let long = text(&[b'x'; 65_536]);
    assert_eq!(&long[..11], b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00x");
    assert_eq!(long.len(), 65_536 + 10);
    assert_eq!(&close(4001, "stop")[..], b"\x88\x06\x0f\xa1stop");
    assert_eq!(&pong(b"hi")[..], b"\x8a\x02hi");
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let frame = close(4500, &"ж".repeat(100));
    assert_eq!(frame.len(), 2 + 2 + 122);
    assert!(std::str::from_utf8(&frame[4..]).is_ok());
}

#[test]
fn honest_frames_are_read() {
    let mut bytes = client(0x81, "привет".as_bytes());
    bytes.extend(client(0x89, b"p"));
    bytes.extend(client(0x8A, b""));
    bytes.extend(client(0x01, b"one "));
    bytes.extend(client(0x89, b"between"));
    bytes.extend(client(0x00, b"two "));
    bytes.extend(client(0x80, b"three"));
    bytes.extend(client(0x81, "x".repeat(300).as_bytes()));
    bytes.extend(client(0x88, b"\x03\xe8"));
    let expected = vec![
        message("привет"),
        Inbound::Ping(Bytes::from_static(b"p")),
        Inbound::Pong,
        Inbound::Ping(Bytes::from_static(b"between")),
        message("one two three"),
        message(&"x".repeat(300)),
        Inbound::Close,
    ];
    assert_eq!(decode(&bytes), Ok(expected.clone()));
    // The same, one byte at a time.
    let mut decoder = Decoder::new(1_000);
    let mut found = Vec::new();
    for byte in bytes {
        decoder.push(&[byte]);
        found.extend(decoder.next().expect("sound"));
    }
    assert_eq!(found, expected);
    assert_eq!(decoder.buf.capacity(), 0, "an idle connection holds nothing");
}

#[test]
fn hostile_frames_are_refused() {
    let huge = [&[0x81, MASKED | 127][..], &u64::MAX.to_be_bytes(), &MASK].concat();
    let announced = [&[0x81, MASKED | 126][..], &1_001_u16.to_be_bytes()].concat();
    let pieces: Vec<u8> =
        [client(0x01, &[b'x'; 600]), client(0x00, &[b'x'; 400]), client(0x00, b"x")].concat();
    for (bytes, violation) in [
        (vec![0x81, 0x05], Violation::Unmasked),
        (client(0xC1, b"x"), Violation::Reserved),
        (client(0x91, b"x"), Violation::Reserved),
        (client(0x83, b"x"), Violation::Opcode),
        (client(0x8B, b"x"), Violation::Opcode),
        (client(0x82, b"x"), Violation::Binary),
        (client(0x02, b"x"), Violation::Binary),
        (client(0x80, b"x"), Violation::Pieces),
        ([client(0x01, b"x"), client(0x81, b"y")].concat(), Violation::Pieces),
        ([client(0x01, b"x"), client(0x00, b"")].concat(), Violation::Pieces),
        (client(0x09, b"x"), Violation::Control),
        (client(0x89, &[b'x'; 126]), Violation::Control),
        (client(0x81, b"\xff\xfe"), Violation::Utf8),
        (client(0x81, b"\xd0"), Violation::Utf8),
        (huge, Violation::TooLong),
        (announced, Violation::TooLong),
        (client(0x81, &[b'x'; 1_001]), Violation::TooLong),
        (pieces, Violation::TooLong),
    ] {
        assert_eq!(decode(&bytes), Err(violation), "{bytes:?}");
    }
}

#[test]
fn a_frame_that_never_ends_is_waited_for() {
    let whole = client(0x81, b"hello");
    for end in 0..whole.len() {
        assert_eq!(decode(&whole[..end]), Ok(Vec::new()));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn what_a_client_says_is_what_is_read(text in "\\PC{0,200}", cut in 0..900_usize) {
        let bytes = client(0x81, text.as_bytes());
        let (a, b) = bytes.split_at(cut.min(bytes.len()));
        let mut decoder = Decoder::new(1_000);
        decoder.push(a);
        let first = decoder.next().expect("sound");
        decoder.push(b);
        let found = match first {
            Some(found) => Some(found),
            None => decoder.next().expect("sound"),
        };
        prop_assert_eq!(found, Some(message(&text)));
    }
}
