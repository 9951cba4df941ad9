//! Keys of the provider: what one may be used for is written in front of it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Error, Result};

/// Whose money a key moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "StripeMode")]
pub enum Mode {
    /// Real customers.
    Live,
    /// Stripe's sandbox: nobody pays.
    Test,
}

/// How much a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "StripeKeyKind")]
pub enum Kind {
    /// What its owner allowed, and nothing else.
    Restricted,
    /// Everything.
    Secret,
}

/// What a key says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "StripeKey")]
pub struct KeyFacts {
    /// Whose money it moves.
    pub mode: Mode,
    /// How much it may do.
    pub kind: Kind,
    /// The key as it may be shown, `rk_test_…4242`.
    pub masked: String,
}

/// Reads what a key says about itself. The key stands in no error.
///
/// # Errors
/// `Invalid` for what is no key of the API, and says what it is instead where that can be seen.
pub fn read(key: &str) -> Result<KeyFacts> {
    let refused = |message: &str| Err(Error::invalid("key", message));
    if key.starts_with("pk_") {
        return refused(
            "This is a publishable key, which may read nothing. Make a restricted key with read rights.",
        );
    }
    if key.starts_with("whsec_") {
        return refused(
            "This is the secret of a webhook, not a key. Make a restricted key with read rights.",
        );
    }
    let parts = [
        ("rk_live_", Kind::Restricted, Mode::Live),
        ("rk_test_", Kind::Restricted, Mode::Test),
        ("sk_live_", Kind::Secret, Mode::Live),
        ("sk_test_", Kind::Secret, Mode::Test),
    ];
    let Some((prefix, kind, mode)) = parts.into_iter().find(|(prefix, ..)| key.starts_with(prefix)) else {
        return refused("A key of Stripe begins with rk_live_, rk_test_, sk_live_ or sk_test_.");
    };
    let rest = key.strip_prefix(prefix).unwrap_or_default();
    if rest.len() < 8 || !rest.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
        return refused("The key is not whole: letters and digits follow its beginning. Copy it again.");
    }
    let end: String = rest.chars().skip(rest.len() - 4).collect();
    Ok(KeyFacts { mode, kind, masked: format!("{prefix}…{end}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_what_it_is_and_is_never_repeated() {
        let facts = read("rk_test_51HabcdefG4242").expect("a key");
        assert_eq!(
            (facts.mode, facts.kind, facts.masked.as_str()),
            (Mode::Test, Kind::Restricted, "rk_test_…4242")
        );
        assert_eq!(
            read("sk_live_51Habcdefgh").map(|facts| (facts.mode, facts.kind)).ok(),
            Some((Mode::Live, Kind::Secret))
        );
        for (wrong, word) in [
            ("pk_live_51Habcdefgh", "publishable"),
            ("whsec_51Habcdefgh", "webhook"),
            ("rk_test_", "whole"),
            ("rk_test_51Habc defgh", "whole"),
            ("hunter2", "begins with"),
            ("", "begins with"),
        ] {
            let error = read(wrong).expect_err("refused");
            assert!(error.message().contains(word), "{wrong}: {error}");
            assert!(wrong.len() < 10 || !error.to_string().contains(wrong), "the key is not repeated");
        }
    }
}
