//! `record_find`: one search over everything a person may have in hand.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FindKind {
    /// A user.
    User,
    /// A team.
    Team,
}

/// Why it was found, the best reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FindReason {
    /// It has this id, here or at Stripe, or an invoice of this number.
    Id,
    /// It has this e-mail address or name.
    Exact,
    /// Its e-mail address, its name or its id begins so.
    Beginning,
    /// These are whole words of it.
    Words,
    /// Words of it begin so.
    WordBeginnings,
}

/// What is searched for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct FindReq {
    /// An id, an e-mail address, a Stripe customer or subscription id, an invoice's number, a team's name, or
    /// words of any of these. A leading `u:` asks for users only, `t:` for teams.
    pub text: String,
    /// Only this kind.
    pub kind: Option<FindKind>,
    /// Rows wanted, 1 to 100; 0 means 10.
    pub limit: u32,
}

impl FindReq {
    /// The words without a leading `u:` or `t:`, and the kind it asks for.
    #[must_use]
    pub fn parts(&self) -> (&str, Option<FindKind>) {
        let text = self.text.trim();
        let prefixed =
            [("u:", FindKind::User), ("t:", FindKind::Team)].into_iter().find_map(|(prefix, kind)| {
                let (head, rest) = text.split_at_checked(prefix.len())?;
                head.eq_ignore_ascii_case(prefix).then(|| (rest.trim_start(), kind))
            });
        match prefixed {
            Some((rest, kind)) => (rest, Some(kind)),
            None => (text, self.kind),
        }
    }
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FindRow {
    /// What it is.
    pub kind: FindKind,
    /// Its id.
    pub id: String,
    /// What people call it: name or e-mail address.
    pub title: String,
    /// What tells it from others: e-mail address, number of members.
    pub note: String,
    /// A user's status; none for what has none.
    pub status: Option<String>,
    /// Why it is here.
    pub reason: FindReason,
}

/// What was found, the best first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FindList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<FindRow>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_names_the_kind() {
        let parts = |text: &str| {
            let req = FindReq { text: text.to_owned(), ..FindReq::default() };
            let (words, kind) = req.parts();
            (words.to_owned(), kind)
        };
        assert_eq!(parts("u: Ada"), ("Ada".to_owned(), Some(FindKind::User)));
        assert_eq!(parts("T:north"), ("north".to_owned(), Some(FindKind::Team)));
        assert_eq!(parts("utopia"), ("utopia".to_owned(), None));
        assert_eq!(parts("ü:x"), ("ü:x".to_owned(), None), "a prefix is two letters, not two bytes");
        assert_eq!(parts("u"), ("u".to_owned(), None));
    }
}
