use super::*;

fn run<const N: usize>(from: u8) -> [u8; N] {
    std::array::from_fn(|i| from + u8::try_from(i).expect("short"))
}

const SCOPE: &str = "00112233445566778899aabbccddeeff";
const LEAST: KdfParams = KdfParams { m: KDF_KIB_MIN, t: 3, p: 1 };

fn scope_salt() -> [u8; 32] {
    let scope: [u8; 16] = hex::decode(SCOPE).expect("hex").try_into().expect("16 bytes");
    salt(&scope, 7, &run(0x40))
}

fn key(pin: &str) -> PinKey {
    pin_key(pin, &scope_salt(), LEAST, &mut Vec::new()).expect("a key")
}

fn binding() -> Binding {
    let (device_id, manifest_id) = (run(0x10), run(0x20));
    Binding { device_id, manifest_id, epoch: 7, not_after: 1_798_592_000 }
}

fn device() -> (StaticSecret, [u8; 32]) {
    let secret = StaticSecret::from(run::<32>(0x60));
    let public = PublicKey::from(&secret).to_bytes();
    (secret, public)
}

fn sealed(token: &str, key: &PinKey, n: u8) -> Record {
    let fresh = Fresh { esk: run(0x80 + n), nonce: run(0xa0 + n), tid: run(0x30 + n) };
    seal((token, token), 64, (key, &device().1), &binding(), &fresh).expect("sealed")
}

/// What a PIN alone opens.
fn opened(opener: &Opener, key: &PinKey) -> Vec<String> {
    let found = opener.open(key, &opener.all()).expect("derived");
    found.iter().map(|token| token.to_string()).collect()
}

fn opener(records: Vec<Record>) -> Opener {
    Opener::new(&device().0, binding(), records).expect("sound records")
}

#[test]
fn the_known_answer_is_given() {
    let of = |hexadecimal: &str| hex::decode(hexadecimal).expect("hex");
    assert_eq!(
        scope_salt().to_vec(),
        of("ba0bef8179d98d63d165043d5a7bd2505a6edbbef0428d75bdb56bda213d7315")
    );
    let key = key("834907");
    assert_eq!(
        key.as_bytes().to_vec(),
        of("40ff93a36ac104ef0fd99174cf62e380a488736f2666f2b57d866338dabd19a0")
    );
    let record = sealed("v4.public.EXAMPLE", &key, 0);
    assert_eq!(
        record.com.to_vec(),
        of("634ba40ee87d6050e03539e609db5551870c9225999f8a727c4c5ba446a2586b")
    );
    assert_eq!(
        record.ct,
        of("df9d95fd6ee9a675f7c5ebfc3ece50b92daf1bf6ed22f25bba86ae3bc82707161d496373e55844bf862ff\
            ab8bcfd9af6ac9e6a5101ebaee4e680c8c57720cc04659d48d8b5965fb5fb971a823015e432")
    );
    assert_eq!(opened(&opener(vec![record]), &key), ["v4.public.EXAMPLE"]);
}

#[test]
fn a_change_of_any_byte_opens_nothing() {
    let key = key("834907");
    let whole = sealed("v4.public.EXAMPLE", &key, 0);
    let opens = |record: Record| opened(&opener(vec![record]), &key).len();
    assert_eq!(opens(whole.clone()), 1, "the control");
    for region in 0..5 {
        let length = [16, 32, 24, 32, whole.ct.len()][region];
        for at in 0..length {
            let mut record = whole.clone();
            let bytes: [&mut [u8]; 5] = [
                &mut record.tid,
                &mut record.epk,
                &mut record.nonce,
                &mut record.com,
                &mut record.ct,
            ];
            for (n, bytes) in bytes.into_iter().enumerate() {
                if n == region {
                    bytes[at] ^= 1;
                }
            }
            assert_eq!(opens(record), 0, "region {region}, byte {at}");
        }
    }
    let other = |change: fn(&mut Binding)| {
        let mut binding = binding();
        change(&mut binding);
        let records = vec![whole.clone()];
        opened(&Opener::new(&device().0, binding, records).expect("sound"), &key).len()
    };
    assert_eq!(other(|_| ()), 1, "the control");
    assert_eq!(other(|b| b.device_id[0] ^= 1), 0);
    assert_eq!(other(|b| b.manifest_id[15] ^= 1), 0);
    assert_eq!(other(|b| b.epoch += 1), 0);
    assert_eq!(other(|b| b.not_after += 1), 0);
    let stranger = StaticSecret::from([9; 32]);
    let elsewhere = Opener::new(&stranger, binding(), vec![whole]).expect("sound");
    assert!(opened(&elsewhere, &key).is_empty(), "another device");
}

#[test]
fn a_pin_finds_its_own_record_and_a_wrong_one_none() {
    let (one, two) = (key("111111"), key("222222"));
    let records = vec![sealed("first", &one, 0), sealed("second", &two, 1)];
    let opener = opener(records);
    for (key, token) in [(&one, "first"), (&two, "second")] {
        assert_eq!(opened(&opener, key), [token]);
        let named = |name| {
            let own = opener.of(name).expect("derived");
            (own.is_empty(), opener.open(key, &own).expect("derived").len())
        };
        assert_eq!(named(token), (false, 1));
        let other = if token == "first" { "second" } else { "first" };
        assert_eq!(named(other), (false, 0), "the PIN of another");
        assert_eq!(named("nobody"), (true, 0));
    }
    assert!(opened(&opener, &key("333333")).is_empty());
}

#[test]
fn a_pin_of_two_people_needs_a_name() {
    let key = key("111111");
    let opener = opener(vec![sealed("first", &key, 0), sealed("second", &key, 1)]);
    assert_eq!(opened(&opener, &key).len(), 2);
    let own = opener.of("second").expect("derived");
    assert_eq!(opener.open(&key, &own).expect("derived")[0].as_str(), "second");
}

#[test]
fn weak_parameters_and_weak_keys_are_refused() {
    let weak = [(KDF_KIB_MIN - 1, 3, 1), (KDF_KIB_MIN, 2, 1), (KDF_KIB_MIN, 3, 2)];
    let mad = [(KDF_KIB_MAX + 1, 3, 1), (KDF_KIB_MIN, KDF_PASSES_MAX + 1, 1)];
    for (m, t, p) in weak.into_iter().chain(mad) {
        let made = pin_key("111111", &[0; 32], KdfParams { m, t, p }, &mut Vec::new());
        assert!(matches!(made, Err(SealFault::Params)), "{m} {t} {p}");
    }
    assert_eq!(KdfParams::STANDARD.check(), Ok(KdfParams::STANDARD));
    let fresh = Fresh { esk: [1; 32], nonce: [2; 24], tid: [3; 16] };
    let key = PinKey::from_bytes([4; 32]);
    let sealed = seal(("x", "x"), 64, (&key, &[0; 32]), &binding(), &fresh);
    assert_eq!(sealed, Err(SealFault::WeakKey));
    let (com, owner) = ([0; 32], [0; 32]);
    let record = Record { tid: [0; 16], epk: [0; 32], nonce: [0; 24], com, owner, ct: vec![] };
    assert!(Opener::new(&device().0, binding(), vec![record]).is_err());
}
