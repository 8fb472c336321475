//! Tokens sealed with a PIN for a station that has no network.
//!
//! At the passport: `pins` draws PINs and keeps their wrapped keys, `issue` seals a token for each
//! person and makes a `manifest`. At the station: `device` is its key, `station` signs people in and
//! gives them a `child` token. `scheme` is what both have in common, as pure functions.

pub mod answer;
pub mod child;
pub mod device;
pub mod issue;
pub mod kdf;
pub mod local;
pub mod manifest;
pub mod pins;
pub mod policy;
pub mod scheme;
pub mod secret_file;
pub mod station;
