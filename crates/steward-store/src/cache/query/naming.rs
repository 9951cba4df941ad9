//! How values are written for people.

use std::collections::HashMap;

use steward_core::Result;

use crate::cache::{Reader, fault};

/// What stays in capitals in running text.
const INITIALISMS: [&str; 12] =
    ["ai", "api", "csv", "id", "json", "llm", "pdf", "sdk", "sql", "sso", "tts", "url"];

/// `image_generation` as "Image generation", `catalogue_api` as "Catalogue API".
pub(super) fn in_words(value: &str) -> String {
    let mut words = String::with_capacity(value.len());
    for word in value.split(['_', '-', ' ']).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        let mut letters = word.chars();
        if INITIALISMS.contains(&word) {
            words.push_str(&word.to_uppercase());
        } else if let Some(first) = letters.next().filter(|_| words.is_empty()) {
            words.extend(first.to_uppercase().chain(letters));
        } else {
            words.push_str(word);
        }
    }
    words
}

/// A plan's name and place.
pub(super) struct Plan {
    pub(super) name: String,
    rank: i64,
}

/// The catalogue, as far as numbers need it.
pub(super) struct Plans {
    pub(super) names: HashMap<String, Plan>,
    /// The currency of the catalogue, where all its plans have the same.
    pub(super) currency: Option<String>,
}

impl Plans {
    pub(super) fn read(reader: &Reader) -> Result<Self> {
        let rows: Vec<(String, String, i64, Option<String>)> = reader
            .connection()
            .prepare_cached("select code, coalesce(name, code), coalesce(rank, 0), currency from plans")
            .and_then(|mut find| {
                find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
            })
            .map_err(fault::map)?;
        let mut currencies: Vec<String> = rows.iter().filter_map(|row| row.3.clone()).collect();
        currencies.sort_unstable();
        currencies.dedup();
        let currency = if currencies.len() == 1 { currencies.pop() } else { None };
        let names = rows.into_iter().map(|(code, name, rank, _)| (code, Plan { name, rank })).collect();
        Ok(Self { names, currency })
    }

    /// Known plans by rank, unknown ones after them, events without a plan last.
    pub(super) fn rank(&self, code: Option<&str>) -> (u8, i64) {
        match code.map(|code| self.names.get(code)) {
            Some(Some(plan)) => (0, plan.rank),
            Some(None) => (1, 0),
            None => (2, 0),
        }
    }
}
