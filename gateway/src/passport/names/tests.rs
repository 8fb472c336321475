use super::*;

const LATIN: RealmPolicy = RealmPolicy { cyrillic: false };
const RUSSIAN: RealmPolicy = RealmPolicy { cyrillic: true };

#[test]
fn spellings_of_a_person_read_as_one_name() {
    for (text, policy, normal) in [
        ("ivanova.ii@nark.example", LATIN, "ivanova.ii@nark.example"),
        ("Ivanova.II@NARK.Example", LATIN, "ivanova.ii@nark.example"),
        ("a@b", LATIN, "a@b"),
        ("a_b-c.9@nark-1.example", LATIN, "a_b-c.9@nark-1.example"),
        // Full width.
        ("\u{ff49}\u{ff56}\u{ff41}@nark.example", LATIN, "iva@nark.example"),
        ("Иванова.ИИ@nark.example", RUSSIAN, "иванова.ии@nark.example"),
        // Ё composed and decomposed.
        ("петр\u{435}\u{308}@nark.example", RUSSIAN, "петрё@nark.example"),
        ("иванов2@nark.example", RUSSIAN, "иванов2@nark.example"),
    ] {
        let upn = Upn::parse(text, policy).expect(text);
        assert_eq!(upn.to_string(), normal);
        assert_eq!(Upn::parse(normal, policy), Ok(upn), "the normal form is its own");
    }
}

#[test]
fn what_is_no_name_of_a_person_is_refused() {
    let long = "a".repeat(LOCAL_CHARS_MAX + 1) + "@nark.example";
    let longest = format!("a@{}", "x".repeat(NAME_BYTES_MAX));
    for (text, policy) in [
        ("", LATIN),
        ("ivanova", LATIN),
        ("@nark.example", LATIN),
        ("ivanova@", LATIN),
        ("a@b@c", LATIN),
        ("a b@nark.example", LATIN),
        (" a@nark.example", LATIN),
        ("a@nark.example\n", LATIN),
        ("a\0@nark.example", LATIN),
        (".a@nark.example", LATIN),
        ("a.@nark.example", LATIN),
        ("a..b@nark.example", LATIN),
        ("a/b@nark.example", LATIN),
        ("a*@nark.example", LATIN),
        ("a'--@nark.example", LATIN),
        ("a@nark..example", LATIN),
        ("a@-nark.example", LATIN),
        ("a@nark_1.example", LATIN),
        ("a@нарк.рф", RUSSIAN),
        ("иванова@nark.example", LATIN),
        // A Cyrillic а in a Latin name, with and without the policy.
        ("iv\u{430}nova@nark.example", LATIN),
        ("iv\u{430}nova@nark.example", RUSSIAN),
        ("ιωαννα@nark.example", RUSSIAN),
        ("і@nark.example", RUSSIAN),
        // Invisible: joiner, direction.
        ("iva\u{200d}nova@nark.example", LATIN),
        ("iva\u{202e}nova@nark.example", LATIN),
        (&long, LATIN),
        (&longest, LATIN),
    ] {
        assert!(Upn::parse(text, policy).is_err(), "{text:?}");
    }
}

#[test]
fn names_that_look_the_same_have_one_skeleton() {
    let skeleton = |text: &str| Upn::parse(text, RUSSIAN).expect(text).skeleton();
    for (one, other) in [
        ("pocop@nark.example", "росор@nark.example"),
        ("paul1@nark.example", "paull@nark.example"),
        ("o0@nark.example", "oo@nark.example"),
        ("modem@nark.example", "rnodern@nark.example"),
    ] {
        assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
    }
    for (one, other) in [
        ("anna@nark.example", "hanna@nark.example"),
        ("anna@nark.example", "anna@mark.example"),
        ("a.b@nark.example", "ab@nark.example"),
    ] {
        assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
    }
}

#[test]
fn organisations_have_a_slug_or_a_number_that_checks() {
    for (text, normal) in [
        ("org/coc-12@nark.example", "org/coc-12@nark.example"),
        ("ORG/COC-12@Nark.Example", "org/coc-12@nark.example"),
        ("org/1027700132195@nark.example", "org/1027700132195@nark.example"),
    ] {
        assert_eq!(Opn::parse(text).expect(text).to_string(), normal);
    }
    for text in [
        "coc-12@nark.example",
        "org/@nark.example",
        "org/coc-12",
        "org/coc/12@nark.example",
        "org/цок@nark.example",
        "org/-coc@nark.example",
        "org/1027700132196@nark.example",
        "org/12@nark.example",
    ] {
        assert!(Opn::parse(text).is_err(), "{text}");
    }
    assert!(ogrn("1027700132195").is_ok());
    assert!(ogrn("304500116000157").is_ok());
    for wrong in ["", "1027700132194", "304500116000158", "10277001321950", "-027700132195"] {
        assert!(ogrn(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn services_are_named_exactly() {
    for (text, normal) in [
        ("mak/mak-07", "mak/mak-07"),
        ("mak/MAK-07", "mak/mak-07"),
        ("coc/portal.coc12:8443", "coc/portal.coc12:8443"),
        ("video/srv1", "video/srv1"),
    ] {
        let spn = Spn::parse(text).expect(text);
        assert_eq!(spn.to_string(), normal);
    }
    for text in [
        "",
        "mak",
        "mak/",
        "/mak-07",
        "MAK/mak-07",
        "mak/*",
        "mak/*.example",
        "*/mak-07",
        "mak/mak-07/x",
        "mak/mak-07:",
        "mak/mak-07:0",
        "mak/mak-07:08443",
        "mak/mak-07:+443",
        "mak/mak-07:65536",
        "mak/mak-07:1:2",
        "mak/mak 07",
        "mak/mak-07\n",
        "mak/мак-07",
        "7mak/x",
        "https://id.example",
    ] {
        assert!(Spn::parse(text).is_err(), "{text:?}");
    }
    assert_ne!(Spn::parse("mak/a"), Spn::parse("mak/a:443"), "a port is part of the name");
}

#[test]
fn groups_and_clients_are_plain_words() {
    for good in ["coc-12/expert", "a", "a/b/c", "x_1.2"] {
        assert_eq!(group(good).as_deref(), Ok(good));
    }
    for bad in ["", "/", "a/", "/a", "a//b", "A", "a b", "a\n", "группа", &"a".repeat(129)] {
        assert!(group(bad).is_err(), "{bad:?}");
    }
    assert_eq!(client("portal-1.x").as_deref(), Ok("portal-1.x"));
    for bad in ["", "a/b", "A", "a b", "a:b", "https://x"] {
        assert!(client(bad).is_err(), "{bad:?}");
    }
    assert_eq!(display("  Иванова И. И. ").as_deref(), Some("Иванова И. И."));
    assert_eq!((display(" "), display("a\nb"), display(&"я".repeat(201))), (None, None, None));
}
