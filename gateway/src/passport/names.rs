//! Names of people, organisations and services: UPN, OPN, SPN.
