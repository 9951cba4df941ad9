//! Whether there is a screen at all: GTK panics without one, and a panic explains nothing.

use anyhow::{Result, bail};

/// Makes sure that a display answers.
///
/// # Errors
/// With a sentence for the person when none is named, or the one named is not there.
#[cfg(target_os = "linux")]
pub fn require() -> Result<()> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixStream};

    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if named("WAYLAND_DISPLAY").is_some() {
        return Ok(());
    }
    let Some(display) = named("DISPLAY") else {
        bail!(
            "Steward has no screen to draw on: neither DISPLAY nor WAYLAND_DISPLAY is set.\n\
             On a machine without a screen, use the command line tool: steward overview"
        );
    };
    // `:1` and `:1.0` are local; anything before the colon is another computer, which GTK may ask.
    let Some(number) = display.strip_prefix(':').and_then(|rest| rest.split('.').next()) else {
        return Ok(());
    };
    let path = format!("/tmp/.X11-unix/X{number}");
    let is_abstract_there = SocketAddr::from_abstract_name(path.as_bytes())
        .is_ok_and(|name| UnixStream::connect_addr(&name).is_ok());
    if is_abstract_there || UnixStream::connect(&path).is_ok() {
        return Ok(());
    }
    bail!(
        "Steward has no screen to draw on: the display {display} does not answer.\n\
         On a machine without a screen, use the command line tool: steward overview"
    )
}

/// Makes sure that a display answers; here there always is one.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn require() -> Result<()> {
    Ok(())
}
