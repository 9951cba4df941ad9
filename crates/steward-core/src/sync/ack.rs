//! What a copy has told the server it has read: the proof that the server did not go back in time (S20).
//!
//! A server that is put back to an earlier moment on the same timeline looks like itself once it has written
//! as much again. So a copy tells it a new random word before it stores what it read; a server that does not
//! know the copy's last word has another history.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The copy's side of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckChain {
    /// Which copy; a new one with every first load.
    pub client: Uuid,
    /// How often it has told; 0 before the first time.
    pub n: i64,
    /// The last word told; none before the first time.
    pub nonce: Option<Uuid>,
    /// The word to tell next. Stored before it is told, so that a kill in between leaves it known.
    pub next: Uuid,
}

/// The server's side, as a snapshot shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How often it was told.
    pub n: i64,
    /// The last words, newest first.
    pub nonces: Vec<Uuid>,
}

/// The server has taken the next word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// How often it was told by now.
    pub n: i64,
    /// The transaction that wrote it.
    pub xid: u64,
    /// A random word for the time after.
    pub fresh: Uuid,
}

impl AckChain {
    /// A chain that was never told.
    #[must_use]
    pub fn new(client: Uuid, next: Uuid) -> Self {
        Self { client, n: 0, nonce: None, next }
    }

    /// Whether a server that shows this has the history the copy was read from.
    ///
    /// A copy whose file lost its last moments in a power cut finds its word a little further back.
    #[must_use]
    pub fn is_known_to(&self, told: Option<&Told>) -> bool {
        let Some(told) = told else { return self.n == 0 };
        if told.nonces.first() == Some(&self.next) {
            return true;
        }
        match (usize::try_from(told.n - self.n), self.nonce) {
            (Ok(back), Some(nonce)) => told.nonces.get(back) == Some(&nonce),
            (Err(_), _) | (_, None) => false,
        }
    }

    /// The chain after its next word was told.
    #[must_use]
    pub fn told(&self, acked: Acked) -> Self {
        Self { client: self.client, n: acked.n, nonce: Some(self.next), next: acked.fresh }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn server(n: i64, nonces: &[u128]) -> Told {
        Told { n, nonces: nonces.iter().map(|nonce| word(*nonce)).collect() }
    }

    #[test]
    fn s20_a_server_that_lacks_the_last_word_is_not_the_one_that_was_read() {
        let chain = AckChain { client: word(1), n: 3, nonce: Some(word(30)), next: word(40) };
        for (told, is_known) in [
            (Some(server(3, &[30, 20, 10])), true),
            (Some(server(4, &[40, 30, 20])), true),
            (Some(server(6, &[60, 50, 45, 30])), true),
            (Some(server(2, &[20, 10])), false),
            (Some(server(3, &[31, 20, 10])), false),
            (Some(server(4, &[41, 31, 20])), false),
            (None, false),
        ] {
            assert_eq!(chain.is_known_to(told.as_ref()), is_known, "{told:?}");
        }
    }

    #[test]
    fn s20_a_new_copy_is_known_to_a_server_that_has_not_heard_of_it() {
        let chain = AckChain::new(word(1), word(10));
        assert!(chain.is_known_to(None));
        assert!(chain.is_known_to(Some(&server(1, &[10]))), "its first word arrived, the answer did not");
        assert!(!chain.is_known_to(Some(&server(1, &[11]))), "somebody else's word");
        let next = chain.told(Acked { n: 1, xid: 7, fresh: word(20) });
        assert_eq!(next, AckChain { client: word(1), n: 1, nonce: Some(word(10)), next: word(20) });
        assert!(next.is_known_to(Some(&server(1, &[10]))));
    }
}
