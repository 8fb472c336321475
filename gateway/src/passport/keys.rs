//! Signing keys: their states, their encryption at rest, the bundle for stations.
