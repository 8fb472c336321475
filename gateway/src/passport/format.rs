//! Formats of tokens: PASETO, JWT, the JSON record and its QR code.
