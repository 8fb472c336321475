//! Every single value of an export is changed in turn: both checkers refuse each of them.

use super::{checker, exported, nsk, write};
use engine::exam::export::Export;
use serde_json::{Value, json};
use tests::meddle::python;

/// Every leaf of a document, as the path to it.
fn leaves(value: &Value, at: &mut Vec<Value>, out: &mut Vec<Vec<Value>>) {
    let mut step = |key: Value, inner: &Value| {
        at.push(key);
        leaves(inner, at, out);
        at.pop();
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(k, v)| step(json!(k), v))
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(i, v)| step(json!(i), v))
        }
        _ => out.push(at.clone()),
    }
}

fn leaf<'v>(document: &'v mut Value, path: &[Value]) -> &'v mut Value {
    path.iter().fold(document, |value, key| match key {
        Value::String(name) => &mut value[name.as_str()],
        index => &mut value[usize::try_from(index.as_u64().unwrap_or(0)).unwrap_or(0)],
    })
}

/// Another value of the same kind.
fn another(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
            json!(format!("{}{}", if text.starts_with('0') { "1" } else { "0" }, &text[1..]))
        }
        Value::String(text) if text.parse::<u64>().is_ok() => json!(format!("{text}1")),
        Value::String(text) => json!(format!("{text}x")),
        Value::Number(n) => json!(n.as_i64().unwrap_or(0) + 1),
        Value::Bool(b) => json!(!b),
        Value::Array(_) => json!([1]),
        Value::Object(_) => json!({"x": 1}),
        Value::Null => json!(1),
    }
}

/// Reads changed documents, one a line, and prints the numbers of those that it accepts.
const OUTSIDE: &str = "
import contextlib, io, json, runpy, sys
check = runpy.run_path(sys.argv[1])
document = json.load(open(sys.argv[2], encoding='utf-8'))
for number, line in enumerate(open(sys.argv[3], encoding='utf-8')):
    path, value = json.loads(line)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    before, holder[path[-1]] = holder[path[-1]], value
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            check['check'](document)
        print(number)
    except Exception:
        pass
    holder[path[-1]] = before
";

#[tokio::test(flavor = "multi_thread")]
async fn any_value_that_was_changed_is_refused_by_both_checkers() {
    let day = exported().await;
    let document: Value = serde_json::from_str(&day.text).expect("JSON");
    let mut paths = Vec::new();
    leaves(&document, &mut Vec::new(), &mut paths);
    assert!(paths.len() > 1_000, "only {} values", paths.len());
    let mut changed = document.clone();
    let mut accepted = Vec::new();
    let mut lines = String::new();
    for path in &paths {
        let value = leaf(&mut changed, path);
        let before = value.clone();
        *value = another(&before);
        lines.push_str(&format!("{}\n", json!([path, value])));
        let read = serde_json::from_value::<Export>(changed.clone());
        if read.is_ok_and(|export| export.verify().is_ok()) {
            accepted.push(json!(path).to_string());
        }
        *leaf(&mut changed, path) = before;
    }
    assert_eq!(accepted, Vec::<String>::new(), "accepted by the program itself");

    let list = day.dir.path().join("changes.jsonl");
    std::fs::write(&list, lines).expect("written");
    let file = day.dir.path().join("exam.json");
    let arguments = [checker(), file.clone(), list].map(|p| p.to_string_lossy().into_owned());
    let output = python(OUTSIDE, &[&arguments[0], &arguments[1], &arguments[2]]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let numbers = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: Vec<String> = numbers
        .lines()
        .filter_map(|n| n.parse::<usize>().ok())
        .map(|n| json!(paths[n]).to_string())
        .collect();
    // The state's hash needs the program's own fold; an outside program checks what it is made of.
    assert_eq!(found, [r#"["state_hash"]"#], "accepted by the outside checker");

    // The real program says which, and exits with 1.
    for path in [
        vec![json!("records"), json!(3), json!("salt")],
        vec![json!("outcome")],
        vec![json!("head")],
    ] {
        let value = leaf(&mut changed, &path);
        let before = value.clone();
        *value = another(&before);
        let file = write(day.dir.path(), "changed.json", &changed);
        let said = nsk(&["exam", "verify"], &[&file]).await;
        assert_eq!(said.code, Some(1), "{path:?}: {said:?}");
        *leaf(&mut changed, &path) = before;
    }
}
