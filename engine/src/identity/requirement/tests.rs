use super::*;
use crate::identity::Epochs;
use crate::time::Moment;
use serde_json::json;
use uuid::Uuid;

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn claims() -> Claims {
    Claims {
        iss: String::from("https://id.example"),
        sub: Uuid::from_u128(1),
        aud: String::from("mak/mak-07"),
        iat: Moment(0),
        nbf: Moment(0),
        exp: Moment(7_200_000),
        jti: String::from("j"),
        cls: Class::Svc,
        sid: String::from("s"),
        upn: String::from("anna@nark.example"),
        name: String::from("Анна"),
        person: None,
        oid: None,
        opn: None,
        roles: BTreeSet::from([Role::Expert]),
        groups: set(&["coc-12/expert", "coc-12/chair"]),
        claims: BTreeMap::from([
            (String::from("region"), json!("77")),
            (String::from("level"), json!(4)),
        ]),
        cid: String::from("portal"),
        ep: Epochs::default(),
        auth_time: Moment(0),
        acr: String::from("urn:nsk:acr:otp"),
        amr: set(&["pwd", "otp"]),
        scope: set(&["exam.read", "exam.mark"]),
        act: None,
        orig: None,
        cnf: None,
        rw: None,
    }
}

#[test]
fn each_part_must_be_met() {
    let group = |name: &str| Err(Lack::Group(name.to_owned()));
    let claim = |name: &str| Err(Lack::Claim(name.to_owned()));
    for (required, verdict) in [
        (json!({}), Ok(())),
        (json!({"roles": ["expert", "operator"]}), Ok(())),
        (json!({"roles": ["operator"]}), Err(Lack::Role)),
        (json!({"groups": ["coc-12/chair", "coc-12/expert"]}), Ok(())),
        (json!({"groups": ["coc-12/expert", "coc-13/chair"]}), group("coc-13/chair")),
        (json!({"groups": ["coc-12"]}), group("coc-12")),
        (json!({"groups": ["coc-12/Expert"]}), group("coc-12/Expert")),
        (json!({"any_group": ["a", "coc-12/chair"]}), Ok(())),
        (json!({"any_group": ["a", "b"]}), group("a or b")),
        (json!({"scope": ["exam.read"]}), Ok(())),
        (json!({"scope": ["exam", "exam.read"]}), Err(Lack::Scope(String::from("exam")))),
        (json!({"acr": ["urn:nsk:acr:hwk", "urn:nsk:acr:otp"]}), Ok(())),
        (json!({"acr": ["urn:nsk:acr:hwk"]}), Err(Lack::Acr)),
        (json!({"claims": {"region": "77", "level": 4}}), Ok(())),
        (json!({"claims": {"region": ["50", "77"]}}), Ok(())),
        (json!({"claims": {"region": 77}}), claim("region")),
        (json!({"claims": {"level": "4"}}), claim("level")),
        (json!({"claims": {"absent": null}}), claim("absent")),
        (json!({"claims": {"region": []}}), claim("region")),
        (json!({"roles": ["expert"], "scope": ["x"]}), Err(Lack::Scope(String::from("x")))),
    ] {
        let requirement: Requirement =
            serde_json::from_value(required.clone()).expect("a sound one");
        assert_eq!(requirement.check(&claims()), verdict, "{required}");
        let again = serde_json::to_value(&requirement).expect("serializable");
        assert_eq!(again, required, "written as it was read");
    }
}

#[test]
fn a_picture_entitles_to_nothing() {
    for class in Class::ALL {
        let verdict = Requirement::default().check(&Claims { cls: class, ..claims() });
        assert_eq!(verdict.is_err(), class == Class::Qr, "{class}");
    }
}

#[test]
fn a_misspelt_requirement_is_refused_and_not_ignored() {
    for wrong in [
        json!({"role": ["expert"]}),
        json!({"roles": ["expart"]}),
        json!({"scope": "x"}),
        json!([]),
        json!(null),
    ] {
        assert!(Requirement::read(&wrong).is_err(), "{wrong}");
    }
    let many: Vec<String> = (0..=REQUIRED_MAX).map(|n| n.to_string()).collect();
    assert!(Requirement::read(&json!({"scope": many[1..]})).is_ok());
    assert!(Requirement::read(&json!({"scope": many})).is_err());
}
