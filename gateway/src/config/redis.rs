//! Redis: where it is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Redis, which the nodes of a centre share. Empty addresses need none.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// For revocations: `redis://user:password@host:6379/0`. Holds a password.
    pub url: String,
    /// For who is looking at what; empty: the same.
    pub presence_url: String,
}

impl fmt::Debug for RedisConfig {
    /// Without the addresses, for they hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |url: &str| if url.is_empty() { "none" } else { "given" };
        f.debug_struct("RedisConfig")
            .field("url", &told(&self.url))
            .field("presence_url", &told(&self.presence_url))
            .finish()
    }
}

impl RedisConfig {
    /// Where revocations are cached, if anywhere.
    pub fn revocations(&self) -> Option<&str> {
        Some(self.url.as_str()).filter(|url| !url.is_empty())
    }

    /// Where it is shared who looks at what, if anywhere.
    pub fn presence(&self) -> Option<&str> {
        Some(self.presence_url.as_str()).filter(|url| !url.is_empty()).or(self.revocations())
    }

    /// Names what cannot be used, without repeating it.
    pub(super) fn check(&self, need: &mut impl FnMut(bool, &str)) {
        let usable = |url: &str| url.is_empty() || ::redis::Client::open(url).is_ok();
        need(usable(&self.url), "redis.url: like redis://user:password@host:6379/0");
        need(usable(&self.presence_url), "redis.presence_url: like redis.url");
        let secure = |url: &str| url.trim_start().starts_with("rediss:");
        need(
            !secure(&self.url) && !secure(&self.presence_url),
            "redis: rediss:// is not spoken here; put Redis on this machine, or a tunnel before it",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_password_is_never_told() {
        let sound = "redis://nsk:hush-hush@127.0.0.1:6379/0";
        let config = Config::parse(&format!("[redis]\nurl = \"{sound}\"")).expect("sound");
        assert_eq!(config.redis.presence(), Some(sound));
        assert!(!format!("{config:?}").contains("hush"));
        let wrong = "[redis]\nurl = \"rodis://nsk:hush-hush@127.0.0.1\"";
        let trouble = Config::parse(wrong).expect_err("no address of a Redis");
        assert!(trouble.what().contains("redis.url") && !trouble.what().contains("hush"));
        assert_eq!(Config::default().redis.presence(), None);
    }

    #[test]
    fn no_mistake_in_a_file_tells_the_password() {
        for (text, told) in [
            ("[redis]\nurl = \"redis://:hush@host", "line 2"),
            ("[redis]\nurl = redis://:hush@host", "line 2"),
            ("[redis]\nurl = 1 # redis://:hush@host", "line 2, column 7 (url): "),
            ("[redis]\nulr = \"redis://:hush@host\"", "ulr"),
            ("redis = \"redis://:hush@host\"", "line 1, column 9"),
            ("redis = \"re:hush\\\"hush\"", "a string"),
            ("[store]\nurl = [\"postgres://nsk:hush@db/nsk\"]", "line 2"),
            ("[store.url]\n\"postgres://nsk:hush@db/nsk\" = 1", "line 1"),
            ("[log]\nformat = \"postgres://nsk:hush@db/nsk\"", "line 2"),
            ("[redis]\nurl = \"rediss://:hush@host\"", "rediss:// is not spoken here"),
            ("[redis]\npresence_url = \"rediss://:hush@host\"", "rediss:// is not spoken here"),
        ] {
            let trouble = Config::parse(text).expect_err(text);
            let said = format!("{trouble} {trouble:?}");
            assert!(!said.contains("hush") && said.contains(told), "{text}: {said}");
        }
    }
}
