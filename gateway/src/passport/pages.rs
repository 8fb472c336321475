//! Pages of the passport, without any need for scripts.
