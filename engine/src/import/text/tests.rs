use super::clean;
use proptest::prelude::*;

#[test]
fn strips_what_is_html_and_keeps_what_is_not() {
    for (raw, plain) in [
        ("просто текст", "просто текст"),
        ("  края \t", "края"),
        ("<b>жирный</b> текст", "жирный текст"),
        ("раз<br>два<BR/>три", "раз\nдва\nтри"),
        ("<p>абзац</p><p class='x'>второй</p>", "абзац\nвторой"),
        ("до<script>alert('<b>')</script>после", "допосле"),
        ("до<script>alert(1)", "до"),
        ("<img src=x onerror=\"a>b\">фото", "фото"),
        ("<img src=x onerror=\"a>фото", "фото"),
        ("<<b>script>x</<b>script>y", "y"),
        ("a<!-- тайна -->b", "ab"),
        ("a<!-- тайна", "a"),
        ("если a<b, то c>d", "если a<b, то c>d"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("Vec<T>", "Vec<T>"),
        ("x<5", "x<5"),
        ("<", "<"),
        ("<b", "<b"),
        ("</", "</"),
        ("&lt;h1&gt;", "<h1>"),
        ("&amp;lt;", "&lt;"),
        ("5&nbsp;мм &plusmn;1&#8470;2&#x41;", "5\u{a0}мм ±1№2A"),
        ("a & b; c&d; &;", "a & b; c&d; &;"),
        ("&#0;&#xD800;&#99999999999;", "&#xD800;&#99999999999;"),
        ("но\u{0}ль\u{7}\u{202e}", "ноль"),
        ("<scr\u{0}ipt>x</script>", ""),
        ("а\r\nб\tв", "а\nб\tв"),
    ] {
        assert_eq!(clean(raw).text, plain, "{raw:?}");
    }
}

#[test]
fn says_what_it_removed() {
    assert_eq!(
        clean("<b>а</b>\u{1} &amp; <i>б</i>").removed,
        ["control characters", "<b>", "<i>", "HTML entities"]
    );
    assert!(clean("a<b, c>d & e").removed.is_empty());
}

#[test]
fn deep_nesting_ends() {
    let raw = format!("{}{}", "<".repeat(5_000), "b>".repeat(5_000));
    assert!(!clean(&raw).text.contains('<'));
}

proptest! {
    /// Without entities nothing is left that a second cleaning would take for a tag.
    #[test]
    fn is_idempotent(raw in "(<|>|/|b|script|img|p|'|\"| |=|x|!--|-->|я|\u{0}){0,40}") {
        let once = clean(&raw).text;
        prop_assert_eq!(clean(&once).text, once.clone());
    }

    #[test]
    fn any_text_survives(raw in any::<String>()) {
        let text = clean(&raw).text;
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    }

    #[test]
    fn plain_text_is_untouched(raw in "[а-яА-Яa-zA-Z0-9 .,;:!?()«»—{}|+=]{0,60}") {
        prop_assert_eq!(clean(&raw).text, raw.trim());
    }
}
