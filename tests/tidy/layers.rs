//! Who may depend on whom: the seven packages and their direction, and which outside crates have
//! one home. Read from the manifests, so that a forbidden edge fails before it is used.

use super::tree;
use toml::Table;

/// A package and the packages of the workspace that it may name.
pub struct Package {
    pub name: &'static str,
    /// In `[dependencies]` and `[build-dependencies]`.
    may_use: &'static [&'static str],
    /// Besides those, in `[dev-dependencies]`.
    tests_may_use: &'static [&'static str],
}

/// Seven is the ceiling: an eighth needs a decision record.
pub const PACKAGES: [Package; 7] = [
    Package { name: "engine", may_use: &[], tests_may_use: &[] },
    Package { name: "actors", may_use: &["engine"], tests_may_use: &[] },
    Package { name: "entities", may_use: &["engine"], tests_may_use: &["migrations"] },
    Package { name: "migrations", may_use: &[], tests_may_use: &[] },
    Package {
        name: "gateway",
        may_use: &["engine", "actors", "entities", "migrations"],
        tests_may_use: &[],
    },
    Package { name: "load-tests", may_use: &["engine", "actors", "gateway"], tests_may_use: &[] },
    Package {
        name: "tests",
        may_use: &["engine", "actors", "entities", "gateway"],
        tests_may_use: &[],
    },
];

/// Outside crates with a home, and the packages that may name them.
const HOMES: [(&str, &[&str]); 11] = [
    ("actix", &["actors", "gateway"]),
    ("actix-rt", &["actors", "gateway", "load-tests", "tests"]),
    ("actix-web", &["gateway"]),
    ("actix-http", &["gateway"]),
    ("actix-ws", &["gateway"]),
    ("sea-orm", &["entities"]),
    ("sea-orm-migration", &["migrations"]),
    ("sqlx", &["load-tests"]),
    ("clap", &["gateway"]),
    ("paseto", &["gateway"]),
    ("rand", &["actors"]),
];

/// All that the engine may name: none of it does IO, reads a clock or draws randomness.
const ENGINE_MAY_USE: [&str; 11] = [
    "hex",
    "num-rational",
    "num-traits",
    "serde",
    "serde_json",
    "serde_json_canonicalizer",
    "sha2",
    "thiserror",
    "ts-rs",
    "unicode-normalization",
    "uuid",
];

/// What is wrong with the manifest of `package`.
fn check(package: &Package, manifest: &str) -> Vec<String> {
    let name = package.name;
    let table: Table = match manifest.parse() {
        Ok(table) => table,
        Err(e) => return vec![format!("{name}/Cargo.toml: {e}")],
    };
    let mut found = Vec::new();
    for (section, dev) in
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
    {
        for dependency in keys(&table, section) {
            let ours = PACKAGES.iter().any(|p| p.name == dependency);
            let allowed = package.may_use.contains(&dependency)
                || (dev && package.tests_may_use.contains(&dependency));
            if ours && !allowed {
                found.push(format!("{name} may not depend on {dependency}"));
            }
            let home = HOMES.iter().find(|(krate, _)| *krate == dependency);
            if let Some((_, at)) = home.filter(|(_, at)| !at.contains(&name)) {
                found.push(format!("{name} may not name {dependency}: it belongs to {at:?}"));
            }
            if name == "engine" && !dev && !ENGINE_MAY_USE.contains(&dependency) {
                found.push(format!("engine may not name {dependency}: its list is closed"));
            }
        }
    }
    if table.contains_key("target") {
        found.push(format!("{name}: per-target dependencies would escape these rules"));
    }
    if name == "engine" && table["dependencies"]["uuid"].get("features").is_some() {
        found.push("engine: uuid without features: it may not make ids".into());
    }
    found
}

fn keys<'t>(table: &'t Table, section: &str) -> Vec<&'t str> {
    let Some(section) = table.get(section).and_then(|s| s.as_table()) else { return Vec::new() };
    section.keys().map(String::as_str).collect()
}

#[test]
fn packages_depend_downwards_only() {
    let found: Vec<String> = PACKAGES
        .iter()
        .flat_map(|p| check(p, &tree::file(&format!("{}/Cargo.toml", p.name)).text))
        .collect();
    tree::expect_none(&found);
}

#[test]
fn the_workspace_has_these_seven_packages() {
    let table: Table = tree::file("Cargo.toml").text.parse().expect("a manifest");
    let members = table["workspace"]["members"].as_array().expect("a list of members");
    let mut members: Vec<&str> = members.iter().filter_map(|m| m.as_str()).collect();
    let mut expected: Vec<&str> = PACKAGES.iter().map(|p| p.name).collect();
    members.sort_unstable();
    expected.sort_unstable();
    assert_eq!(members, expected);
    for profile in ["dev", "release"] {
        assert_eq!(
            table["profile"][profile]["panic"].as_str(),
            Some("unwind"),
            "supervision needs unwinding in profile {profile}"
        );
    }
}

#[test]
fn a_planted_edge_is_found() {
    let [engine, actors, entities, ..] = &PACKAGES;
    let manifest = "[dependencies]\nuuid.workspace = true\ntokio.workspace = true\n";
    assert_eq!(check(engine, manifest), ["engine may not name tokio: its list is closed"]);
    let manifest = "[dependencies]\nuuid = { workspace = true, features = [\"v7\"] }\n";
    assert_eq!(check(engine, manifest), ["engine: uuid without features: it may not make ids"]);
    let manifest = "[dependencies]\nentities.workspace = true\n";
    assert_eq!(check(actors, manifest), ["actors may not depend on entities"]);
    let manifest = "[dependencies]\nactix.workspace = true\n";
    assert!(check(entities, manifest)[0].starts_with("entities may not name actix"));
    assert!(check(actors, manifest).is_empty());
    let dev_only = "migrations.workspace = true\n";
    assert!(check(entities, &format!("[dev-dependencies]\n{dev_only}")).is_empty());
    assert!(!check(entities, &format!("[dependencies]\n{dev_only}")).is_empty());
}
