//! The digital passport as pure rules: what a token says, how long it may live, what revokes it.
//!
//! Vocabulary:
//! * **uid**: the GUID of a person or service; never given to another.
//! * **UPN / OPN / SPN**: names of a person, an organisation, a service (`mak/mak-07`).
//! * **class**: what a token is for; a token of one class never passes for another.
//! * **epoch**: a counter of a person, organisation, client, service, device or of everything; a
//!   token carries those it was issued under, and dies when one of them has grown.
//! * **announced, active, verify-only, retired, compromised**: the states of a signing key.

pub mod audit;
pub mod claims;
pub mod key;
pub mod lifetime;
pub mod requirement;
pub mod revocation;
pub mod standing;

pub use claims::{Act, Claims, Class, Confirmation, Original};
pub use key::{KeyPurpose, KeyState};
pub use lifetime::{Grant, LifetimeFault, Profile, SKEW, TimeFault, grant, temporal};
pub use requirement::{Lack, Requirement};
pub use revocation::{Carried, Epochs, Level};
pub use standing::{Revoked, Snapshot, Standing};
