//! Places where a test makes the process die.

/// Dies here when `STEWARD_ABORT_AT` names this place. Debug builds only: a shipped Steward has no such
/// switch. With `name:3` it dies at the third passage.
#[inline]
pub(super) fn point(name: &str) {
    #[cfg(debug_assertions)]
    armed(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(debug_assertions)]
fn armed(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static TARGET: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSAGES: AtomicU32 = AtomicU32::new(0);

    let target = TARGET.get_or_init(|| {
        let wish = std::env::var("STEWARD_ABORT_AT").ok()?;
        Some(match wish.split_once(':') {
            Some((name, count)) => (name.to_owned(), count.parse().ok()?),
            None => (wish, 1),
        })
    });
    if let Some((wanted, count)) = target
        && wanted == name
        && PASSAGES.fetch_add(1, Ordering::Relaxed) + 1 == *count
    {
        std::process::abort();
    }
}
