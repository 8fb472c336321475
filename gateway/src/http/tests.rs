//! The list of routes against the permission table and against the OpenAPI document.

mod admin;
mod attacks;
mod calls;
pub(crate) mod station;

use super::ROUTES;
use crate::auth::PERMISSIONS;
use std::collections::BTreeSet;

type Line = (&'static str, &'static str);

fn routes() -> BTreeSet<Line> {
    ROUTES.iter().map(|route| (route.method, route.path)).collect()
}

#[test]
fn every_route_has_its_permission_and_every_permission_its_route() {
    let routes = routes();
    let lines: BTreeSet<Line> = PERMISSIONS.iter().map(|line| (line.method, line.path)).collect();
    assert_eq!(routes.len(), ROUTES.len(), "a route stands in the list twice");
    let without: Vec<_> = routes.difference(&lines).collect();
    assert!(without.is_empty(), "routes without a permission: {without:?}");
    let extra: Vec<_> = lines.difference(&routes).collect();
    assert!(extra.is_empty(), "permissions without a route: {extra:?}");
}

#[test]
fn the_legacy_routes_are_the_eleven_documented_ones() {
    let legacy = ROUTES.iter().filter(|route| route.service == super::Service::Mak);
    assert_eq!(legacy.count(), 11);
}

#[test]
fn no_pattern_swallows_a_later_static_path() {
    for (i, route) in ROUTES.iter().enumerate() {
        let Some(prefix) = route.path.split('{').next().filter(|p| *p != route.path) else {
            continue;
        };
        let tail = route.path.rsplit('}').next().unwrap_or_default();
        for later in &ROUTES[i + 1..] {
            let middle = later.path.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(tail));
            let swallowed = middle.is_some_and(|m| !m.contains(['/', '{']));
            assert!(!swallowed, "{} swallows {}", route.path, later.path);
        }
    }
}
