//! The language and the zone of this computer, made safe to hand on.

/// A valid BCP 47 tag of the person's language; `en` where the system names none. `C` and `POSIX` are no
/// languages, and `Intl` in the window throws on them.
#[must_use]
pub fn locale() -> String {
    sys_locale::get_locale().and_then(|name| valid_tag(&name)).unwrap_or_else(|| "en".to_owned())
}

/// This computer's IANA zone; UTC where it has none or one that is not known.
#[must_use]
pub fn zone() -> String {
    iana_time_zone::get_timezone()
        .ok()
        .filter(|name| name.parse::<chrono_tz::Tz>().is_ok())
        .unwrap_or_else(|| "UTC".to_owned())
}

fn valid_tag(name: &str) -> Option<String> {
    let tag = name.split(['.', '@']).next()?.replace('_', "-");
    let mut parts = tag.split('-');
    let language = parts.next()?;
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let are_subtags = parts
        .all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    (is_language && are_subtags).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_language_become_none() {
        for (name, tag) in [
            ("de_DE.UTF-8", Some("de-DE")),
            ("sr_RS@latin", Some("sr-RS")),
            ("zh-Hant-TW", Some("zh-Hant-TW")),
            ("en", Some("en")),
            ("C", None),
            ("C.UTF-8", None),
            ("POSIX", None),
            ("", None),
            ("en_", None),
        ] {
            assert_eq!(valid_tag(name).as_deref(), tag, "{name:?}");
        }
    }
}
