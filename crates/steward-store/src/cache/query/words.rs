//! Words a person typed, as the full-text tables understand them.

use crate::cache::fold::fold;

/// How typed words have to occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occur {
    /// A column begins with them.
    First,
    /// As they are, whole.
    Whole,
    /// The beginning of a word each.
    Beginning,
}

/// The full-text query; none when nothing that was typed is part of a word, so that nothing can match.
///
/// What stands together without a space, such as `lindqvist@example`, has to stand together.
pub(super) fn query(typed: &str, occur: Occur) -> Option<String> {
    let typed = fold(typed);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', " "));
    let is_word = |chunk: &&str| chunk.chars().any(char::is_alphanumeric);
    if occur == Occur::First {
        let typed = typed.trim();
        return is_word(&typed).then(|| format!("^ {} *", quoted(typed)));
    }
    let star = if occur == Occur::Beginning { " *" } else { "" };
    let chunks: Vec<String> =
        typed.split_whitespace().filter(is_word).map(|chunk| format!("{}{star}", quoted(chunk))).collect();
    (!chunks.is_empty()).then(|| chunks.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_typed_is_an_operator() {
        assert_eq!(query("ada  lo", Occur::Beginning).as_deref(), Some("\"ada\" * AND \"lo\" *"));
        assert_eq!(query("a\" OR b", Occur::Whole).as_deref(), Some("\"a \" AND \"or\" AND \"b\""));
        assert_eq!(query(" ada lo ", Occur::First).as_deref(), Some("^ \"ada lo\" *"));
        for nothing in ["", "  ", "%", "_ \" *"] {
            assert_eq!(query(nothing, Occur::Beginning), None, "{nothing:?}");
            assert_eq!(query(nothing, Occur::First), None, "{nothing:?}");
        }
    }
}
