use super::*;
use clap::CommandFactory;

/// Runs a call in English; gives its code, output and errors.
fn call(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["nsk", "--lang", "en"].iter().chain(arguments).map(OsString::from);
    let code = run(arguments, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(out), text(err))
}

fn demo_file(name: &str) -> String {
    format!("{}/demo/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn written(dir: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

#[test]
fn the_commands_are_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn help_teaches() {
    let (code, out, _) = call(&["--help"]);
    assert_eq!(code, 0);
    for part in ["serve", "demo", "import", "doctor", "EXAMPLES", "экзамен", "Exit codes"] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    assert!(!out.contains("export-types"), "a tool of the build, not of people");
    for command in ["serve", "demo", "import", "score", "migrate", "routes", "doctor"] {
        let (code, out, _) = call(&[command, "--help"]);
        assert_eq!(code, 0);
        assert!(out.contains("EXAMPLES\n  nsk"), "{command}:\n{out}");
    }
    for path in [["form", "rebuild"], ["exam", "export"], ["exam", "verify"], ["user", "add"]] {
        let (code, out, _) = call(&[path[0], path[1], "--help"]);
        assert_eq!(code, 0);
        assert!(out.contains("EXAMPLES"), "{path:?}:\n{out}");
    }
}

#[test]
fn a_wrong_call_is_a_mistake_of_the_caller() {
    for arguments in [
        &["sreve"][..],
        &["import"],
        &["demo", "--pace", "0"],
        &["demo", "--pace", "fast"],
        &["form", "rebuild"],
        &["form", "rebuild", "--tool", "x"],
        &["exam", "export", "one"],
        &["user", "add", "--login", "a", "--name", "b", "--role", "king"],
    ] {
        let (code, out, err) = call(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(!err.is_empty());
    }
}

#[test]
fn a_pace_is_an_exact_factor() {
    let pace = |text: &str| text.parse::<Pace>().expect(text);
    assert_eq!(pace("1").ms(6_000), 6_000);
    assert_eq!(pace("2.5").ms(6_000), 2_400);
    assert_eq!(pace("0.5").ms(6_000), 12_000);
    assert_eq!(pace("100").ms(50), 1);
}

#[test]
fn import_checks_without_a_store() {
    let (code, out, err) =
        call(&["import", "--check", &demo_file("os-edu-69.json"), &demo_file("practice-57.json")]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("theory tool 69") && out.contains("practice tool 57"), "{out}");
}

#[test]
fn import_names_every_problem_with_its_path() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = std::fs::read_to_string(demo_file("os-edu-69.json")).expect("the demo tool");
    let spoilt = text
        .replace("\"min_ball\": 60", "\"min_ball\": 600")
        .replace("\"type_id\": 1,", "\"type_id\": 9,");
    let file = written(&dir, "spoilt.json", &spoilt);
    let data = dir.path().join("data").display().to_string();
    let good = demo_file("practice-57.json");
    let (code, _, err) = call(&["import", "--data", &data, &file, &good]);
    assert_eq!(code, 1);
    assert!(err.contains("os.min_ball") && err.contains("type_id"), "{err}");
    assert!(err.contains("nothing was imported"), "{err}");
    assert!(!dir.path().join("data").exists(), "nothing was touched");

    let absent = call(&["import", "--check", "/nowhere/x.json"]);
    assert_eq!(absent.0, 1);
    assert!(absent.2.contains("what to do:"), "{}", absent.2);
}

#[test]
fn people_and_tools_are_kept() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data").display().to_string();
    let (code, out, err) = call(&["import", "--data", &data, &demo_file("os-edu-69.json")]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\nimported "), "{out}");
    let (_, again, _) = call(&["import", "--data", &data, &demo_file("os-edu-69.json")]);
    assert!(again.contains("\nalready there "), "{again}");
    let (code, out, _) = call(&["migrate", "--check", "--data", &data]);
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = call(&["user", "list", "--json", "--data", &data]);
    assert_eq!((code, out.trim()), (0, "[]"));
    let (code, _, err) = call(&["exam", "export", "5", "--data", &data]);
    assert_eq!(code, 1);
    assert!(err.contains("there is no exam 5"), "{err}");
}

#[test]
fn routes_show_who_may_call_them() {
    let (code, out, _) = call(&["routes"]);
    assert_eq!(code, 0);
    let poweroff = out.lines().find(|l| l.contains("/api/v1/admin/poweroff")).expect("a line");
    assert!(
        poweroff.starts_with("mak         POST") && poweroff.ends_with("administrator"),
        "{poweroff}"
    );
    let (_, json, _) = call(&["routes", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    assert_eq!(list.len(), out.lines().count());
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, _) = call(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(out.contains("doctor"), "{shell}");
    }
}

#[test]
fn troubles_speak_the_callers_language() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["nsk", "exam", "verify", "/nowhere", "--lang", "ru"].map(OsString::from);
    assert_eq!(run(arguments, &mut out, &mut err), 1);
    let err = String::from_utf8(err).expect("UTF-8");
    assert!(err.starts_with("ошибка: ") && err.contains("что делать: "), "{err}");
}

#[test]
fn a_form_is_rebuilt_from_a_bank_and_a_seed() {
    let seed = "ab".repeat(32);
    let tool = demo_file("os-edu-69.json");
    let arguments = ["form", "rebuild", "--tool", &tool, "--seed", &seed, "--json"];
    let (code, first, err) = call(&arguments);
    assert_eq!(code, 0, "{err}");
    assert_eq!(call(&arguments).1, first, "the same every time");
    let rebuilt: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(rebuilt["form"]["items"].as_array().map(Vec::len), Some(5));
    assert_eq!(rebuilt.get("same"), None);

    let dir = tempfile::tempdir().expect("a directory");
    let form = written(&dir, "form.json", &first);
    let answers = written(&dir, "answers.json", "{}");
    let (code, out, err) =
        call(&["score", "--tool", &tool, "--form", &form, "--answers", &answers]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("total: 0 of 100 (0.00), threshold 60: not passed"), "{out}");
    let (code, _, err) = call(&["form", "rebuild", "--tool", &tool, "--seed", "zz"]);
    assert_eq!(code, 1);
    assert!(err.contains("64 hexadecimal digits"), "{err}");
}

#[test]
fn the_passports_registries_are_kept_from_the_command_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data").display().to_string();
    let identity = |arguments: &[&str]| {
        let place = ["--data", data.as_str()];
        let all = ["identity"].iter().chain(arguments).chain(&place);
        call(&all.copied().collect::<Vec<_>>())
    };
    assert_eq!(call(&["migrate", "--data", &data]).0, 0);
    let opn = "org/coc-12@nark.example";
    let (code, out, err) = identity(&["org", "add", "ORG/coc-12@nark.example", "--name", "ЦОК 12"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(identity(&["org", "add", opn, "--name", "twin"]).0, 1);
    assert_eq!(identity(&["org", "disable", opn]).0, 0);
    let (_, out, _) = identity(&["org", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&listed[0]["opn"], &listed[0]["active"]), (&opn.into(), &false.into()));

    let (code, out, _) =
        identity(&["client", "add", "portal", "--name", "Portal", "--kind", "confidential"]);
    let secret = out.lines().last().expect("a secret").to_owned();
    assert_eq!((code, secret.len()), (0, 43), "{out}");
    let (_, out, _) = identity(&["client", "list", "--json"]);
    assert!(out.contains("portal") && !out.contains(&secret), "{out}");

    let service = ["service", "add", "mak/mak-07", "--name", "MAK", "--requires"];
    for (requires, code) in [(r#"{"roles": ["expert"]}"#, 0), (r#"{"role": ["expert"]}"#, 1)] {
        let all: Vec<&str> = service.iter().copied().chain([requires]).collect();
        assert_eq!(identity(&all).0, code, "{requires}");
    }
    let pair = ["service", "delegate", "coc/portal", "mak/mak-07"];
    assert_eq!(identity(&pair).0, 0);
    assert_eq!(identity(&["service", "delegations"]).1, "coc/portal -> mak/mak-07\n");
    assert_eq!(identity(&["user", "password", "nobody@nark.example"]).0, 1);
    assert_eq!(identity(&["user", "grant", "nobody@nark.example", "expert"]).0, 1);
    assert_eq!(identity(&["user", "list"]), (0, String::new(), String::new()));
}

#[test]
fn keys_are_seen_to_from_the_command_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data").display().to_string();
    let key = |arguments: &[&str]| {
        let place = ["--data", data.as_str()];
        let all = ["identity", "key"].iter().chain(arguments).chain(&place);
        call(&all.copied().collect::<Vec<_>>())
    };
    assert_eq!(call(&["migrate", "--data", &data]).0, 0);
    let states = || {
        let (_, out, _) = key(&["list", "--json"]);
        let listed: Vec<serde_json::Value> = serde_json::from_str(&out).expect("JSON");
        let of_qr = listed.into_iter().filter(|key| key["purpose"] == "qr");
        let word = |key: &serde_json::Value, name: &str| key[name].as_str().map(str::to_owned);
        of_qr.map(|key| (word(&key, "state"), word(&key, "kid"))).collect::<Vec<_>>()
    };
    assert_eq!(states(), [], "the first start makes them");
    assert_eq!(key(&["announce", "qr"]).0, 0);
    let found = states();
    let of = |found: &[(Option<String>, Option<String>)], state: &str| {
        let one = found.iter().find(|(is, _)| is.as_deref() == Some(state));
        one.and_then(|(_, kid)| kid.clone()).unwrap_or_default()
    };
    let (active, next) = (of(&found, "active"), of(&found, "announced"));
    let (code, _, err) = key(&["activate", "qr"]);
    assert!(code == 1 && err.contains("long enough"), "{err}");
    assert_eq!(key(&["activate", "qr", "--early"]).0, 0);
    assert_eq!((of(&states(), "active"), of(&states(), "verify-only")), (next.clone(), active));
    assert_eq!(key(&["retire", &next]).0, 1, "it signs");
    assert_eq!(key(&["compromise", &next]).0, 0);
    assert_eq!(of(&states(), "compromised"), next);
    assert_ne!(of(&states(), "active"), "", "another took its place");
    assert_eq!(key(&["announce", "bread"]).0, 2);
}

#[test]
fn groups_travel_as_a_document_that_their_keeper_can_check() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data").display().to_string();
    let file = dir.path().join("groups.paseto").display().to_string();
    let at_passport = |arguments: &[&str]| {
        let (code, out, err) = call(&[arguments, &["--data", &data]].concat());
        assert_eq!(code, 0, "{arguments:?}: {err}");
        out
    };
    at_passport(&["migrate"]);
    at_passport(&["identity", "group", "add", "coc-12/expert", "--title", "Experts"]);
    at_passport(&["identity", "group", "replica", "-o", &file]);
    let trust: serde_json::Value =
        serde_json::from_str(&at_passport(&["station", "trust"])).expect("JSON");
    let (issuer, key) = (trust["issuer"].as_str(), trust["trust"][0].as_str());
    let (issuer, key) = (issuer.expect("an issuer"), key.expect("a key"));
    let check = |issuer: &str, more: &[&str]| {
        let whole = ["identity", "group", "check", &file, "--issuer", issuer, "--trust", key];
        call(&[&whole, more].concat())
    };
    let (code, out, err) = check(issuer, &[]);
    assert_eq!(code, 0, "{err}");
    let copy: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(copy["groups"], serde_json::json!({"coc-12/expert": []}));
    let made = copy["at"].to_string();
    assert_eq!(check(issuer, &["--known", &made]).0, 1, "not newer");
    assert_eq!(check("https://other.example", &[]).0, 1, "of another passport");
    let (code, _, err) =
        call(&["identity", "group", "check", &file, "--issuer", issuer, "--trust", "AAAA"]);
    assert_eq!(code, 1);
    assert!(err.contains("nsk station trust"), "it says where keys are: {err}");
}
