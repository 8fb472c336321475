//! The document names every route, and nothing that it does not define.

use super::*;
use std::collections::BTreeSet;

#[test]
fn every_documented_route_says_what_it_is_for() {
    for route in documented() {
        let docs = docs_of(route.method, route.path);
        assert!(docs.is_some_and(|d| !d.summary.is_empty()), "{} {}", route.method, route.path);
    }
}

#[test]
fn the_paths_are_those_of_the_routes() {
    let document = build();
    let paths = document["paths"].as_object().expect("paths");
    let found: BTreeSet<(String, &str)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods.keys().map(move |method| (method.to_uppercase(), path.as_str()))
        })
        .collect();
    let expected: BTreeSet<(String, &str)> =
        documented().map(|route| (route.method.to_owned(), route.path)).collect();
    assert_eq!(found, expected);
    assert!(found.len() > 25, "{} routes", found.len());
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    match (key.as_str(), value) {
                        ("$ref", Value::String(target)) => {
                            found.insert(target.clone());
                        }
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    for document in [build(), crate::asyncapi::build()] {
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 10);
        for target in found {
            let pointer = target.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }
}
