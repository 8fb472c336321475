//! RFC 7386 merge patches between JSON states that hold no `null`: how views travel to clients.

use serde_json::{Map, Value};

/// The patch that turns `before` into `after`; `None` when they are equal. Neither may hold `null`.
pub fn diff(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let mut patch = Map::new();
            for key in before.keys().filter(|k| !after.contains_key(*k)) {
                patch.insert(key.clone(), Value::Null);
            }
            for (key, value) in after {
                let change = match before.get(key) {
                    Some(old) => diff(old, value),
                    None => Some(value.clone()),
                };
                if let Some(change) = change {
                    patch.insert(key.clone(), change);
                }
            }
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        _ => (before != after).then(|| after.clone()),
    }
}

/// Applies a merge patch.
pub fn merge(state: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *state = patch.clone();
        return;
    };
    if !state.is_object() {
        *state = Value::Object(Map::new());
    }
    let Value::Object(fields) = state else { return };
    for (key, change) in changes {
        if change.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (-9..9_i64).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
            prop::collection::vec(0..3_i64, 0..3).prop_map(Value::from),
        ];
        let object = leaf.prop_recursive(3, 24, 4, |inner| {
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect()))
        });
        prop::collection::btree_map("[a-d]", object, 0..4)
            .prop_map(|m| Value::Object(m.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_patch_leads_from_before_to_after(before in json(), after in json()) {
            let mut state = before.clone();
            match diff(&before, &after) {
                Some(patch) => merge(&mut state, &patch),
                None => prop_assert_eq!(&before, &after),
            }
            prop_assert_eq!(state, after);
        }
    }

    #[test]
    fn an_emptied_map_is_not_forgotten() {
        let before = serde_json::json!({"a": {"b": 1}});
        let after = serde_json::json!({"a": {}});
        assert_eq!(diff(&before, &after), Some(serde_json::json!({"a": {"b": null}})));
    }
}
