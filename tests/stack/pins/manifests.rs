//! Manifests go forward only, whole, strong enough, and to their own station only.

use super::field::{Field, Passport, by_pin, payload, unauthorized};
use gateway::passport::seal::manifest::Manifest;
use gateway::passport::seal::scheme::KDF_KIB_MIN;
use serde_json::{Value, json};
use tests::http::Http;

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_goes_forward_only_and_to_its_own_station_only() {
    let field = Field::new().await;
    let older = field.passport.manifest(&field.device, |_| ()).await;
    assert!(older.pins.is_empty(), "who has a PIN keeps it");
    let newer = field.passport.manifest(&field.device, |order| drop(order.holders.pop())).await;
    assert_eq!(field.import(&newer.file).await, Ok((newer.seq, 1)));
    for file in [&older.file, &newer.file] {
        let refused = field.import(file).await.expect_err("an old one");
        assert!(refused.contains("not newer"), "{refused}");
    }
    let other = Field::on(true, "mak/mak-07", |_| ()).await;
    let foreign = other.passport.manifest(&field.device, |_| ()).await;
    assert!(field.import(&foreign.file).await.is_err(), "another passport");
    let stranger = field.passport.manifest(&other.device, |_| ()).await;
    let refused = field.import(&stranger.file).await.expect_err("another device");
    assert!(refused.contains("another station"), "{refused}");
    let moved = gateway::passport::seal::device::DevicePublic {
        spn: "mak/mak-99".to_owned(),
        ..field.device.clone()
    };
    let moved = field.passport.manifest(&moved, |_| ()).await;
    let refused = field.import(&moved.file).await.expect_err("another name");
    assert!(refused.contains("another station"), "{refused}");

    let (stack, _) = field.start().await;
    let mut http = Http::new(stack.addr);
    by_pin(&mut http, "", field.pin("ivanova")).await.json_of(200);
    let gone = by_pin(&mut http, "", field.pin("petrov")).await;
    assert_eq!(gone.json_of(401), unauthorized(), "the newer manifest has not");
    stack.stop().await;
}

/// Changes one character in the middle of a text, to another of the same alphabet.
fn spoilt(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = bytes.len() / 2;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).expect("ASCII")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_was_tampered_with_is_refused_in_every_part() {
    let field = Field::new().await;
    let good = field.passport.manifest(&field.device, |_| ()).await;
    let good = serde_json::to_value(&good.file).expect("JSON");
    let mut tampered: Vec<(String, Value)> = Vec::new();
    let mut plant = |what: &str, change: &dyn Fn(&mut Value)| {
        let mut file = good.clone();
        change(&mut file);
        assert!(file != good, "{what}");
        tampered.push((what.to_owned(), file));
    };
    for n in 0..2 {
        for name in ["tid", "epk", "nonce", "com", "owner", "ct"] {
            plant(&format!("{name} of record {n}"), &|file| {
                let field = &mut file["records"][n][name];
                *field = json!(spoilt(field.as_str().expect("text")));
            });
        }
    }
    plant("a record less", &|file| drop(file["records"].as_array_mut().map(Vec::pop)));
    plant("none", &|file| file["records"] = json!([]));
    plant("in another order", &|file| file["records"].as_array_mut().expect("a list").reverse());
    plant("one twice", &|file| file["records"][1] = file["records"][0].clone());
    plant("one more", &|file| {
        let first = file["records"][0].clone();
        file["records"].as_array_mut().expect("a list").push(first);
    });
    plant("another field", &|file| file["more"] = json!(1));
    let token = good["manifest"].as_str().expect("text");
    let parts: Vec<&str> = token.split('.').collect();
    for at in 0..parts.len() {
        let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        parts[at] = spoilt(&parts[at]);
        let token = parts.join(".");
        plant(&format!("part {at} of the token"), &move |file| file["manifest"] = json!(token));
    }
    let (body, last) = parts[2].split_at(parts[2].len() - 1);
    let last = if last == "A" { "B" } else { "A" };
    let token = format!("v4.public.{body}{last}.{}", parts[3]);
    plant("the last character of the signature", &|file| file["manifest"] = json!(token));
    for (what, file) in &tampered {
        let taken = field.import_bytes(file.to_string().as_bytes()).await;
        assert!(taken.is_err(), "{what}: {taken:?}");
    }
    let taken = field.import_bytes(good.to_string().as_bytes()).await;
    assert!(taken.is_ok(), "the control: {taken:?}");
}

/// The fields of a manifest of this passport, changed and signed anew.
async fn resigned(
    passport: &Passport,
    field: &Field,
    change: impl FnOnce(&mut Manifest),
) -> String {
    let made = passport.manifest(&field.device, |_| ()).await;
    let file = serde_json::to_value(&made.file).expect("JSON");
    let claims = payload(file["manifest"].as_str().expect("text"));
    let mut manifest: Manifest = serde_json::from_value(claims).expect("a manifest");
    change(&mut manifest);
    let file = manifest.sign(&passport.issuer.keyring, &[]).expect("signed");
    let taken = field.import(&file).await;
    taken.err().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn even_the_passport_cannot_weaken_a_station() {
    let field = Field::new().await;
    let plain = Field::on(false, "mak/mak-07", |_| ()).await;
    let refused = resigned(&field.passport, &field, |_| ()).await;
    assert_eq!(refused, "", "the control: signed anew, nothing changed");
    for (what, m, t, p) in [
        ("memory", KDF_KIB_MIN - 1, 3, 1),
        ("passes", KDF_KIB_MIN, 2, 1),
        ("lanes", KDF_KIB_MIN, 3, 4),
        ("all of it", 8, 1, 1),
        ("so much that nobody signs in", u32::MAX, 3, 1),
    ] {
        let weak = |manifest: &mut Manifest| {
            (manifest.kdf.m, manifest.kdf.t, manifest.kdf.p) = (m, t, p);
        };
        let refused = resigned(&field.passport, &field, weak).await;
        assert!(refused.contains("too weak"), "{what}: {refused}");
    }
    let refused = resigned(&plain.passport, &plain, |m| m.policy.pin_digits = 6).await;
    assert!(refused.contains("too weak"), "six digits and a plain disk: {refused}");
    let refused = resigned(&field.passport, &field, |m| m.policy.pin_digits = 4).await;
    assert!(refused.contains("too weak"), "four digits: {refused}");
    let refused = resigned(&field.passport, &field, |m| m.not_after = 1).await;
    assert!(refused.contains("has ended"), "{refused}");
    let refused = resigned(&field.passport, &field, |m| m.ver = 2).await;
    assert!(refused.contains("not a manifest"), "{refused}");
}
