//! The administrator's API: people, organisations, roles, clients, services, keys.
