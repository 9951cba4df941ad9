//! Before there is a window, and whether there is one.

use std::process::{Command, Output, Stdio};

use steward_tests::window::{Desk, Home, Window, desktop_program, until};

fn run(home: &Home, arguments: &[&str], display: Option<&str>) -> Output {
    let mut command = Command::new(desktop_program().expect("the window's program"));
    home.prepare(&mut command);
    command.args(arguments).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    if let Some(display) = display {
        command.env("DISPLAY", display);
    }
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_a_screen_it_says_so_and_names_the_command_line() {
    let home = Home::new().expect("a home");
    for display in [None, Some(":9876")] {
        let output = run(&home, &[], display);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "it fails, and does not panic: {said}");
        assert!(said.contains("no screen to draw on"), "{said}");
        assert!(said.contains("steward overview"), "the way out is named: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn help_and_version_need_no_screen_and_a_typing_error_is_named() {
    let home = Home::new().expect("a home");
    let help = run(&home, &["--help"], None);
    assert!(help.status.success() && text(&help.stdout).contains("--safe-rendering"));
    let version = run(&home, &["--version"], None);
    assert!(text(&version.stdout).starts_with("steward-desktop "), "{}", text(&version.stdout));
    let mistyped = run(&home, &["--smaple"], None);
    assert_eq!(mistyped.status.code(), Some(2));
    assert!(text(&mistyped.stderr).contains("--smaple"), "{}", text(&mistyped.stderr));
}

#[tokio::test]
async fn the_first_start_shows_the_first_run_view_and_keeps_its_mark() {
    let (desk, home) = (Desk::new().expect("a desk"), Home::new().expect("a home"));
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    let heading = window
        .wait_for("the first-run view", "return document.querySelector('h1')?.innerText || null")
        .await
        .expect("a heading");
    assert!(heading.as_str().is_some_and(|words| !words.is_empty()), "{heading}");
    let mark = home.path().join("window-start.json");
    until("the start is marked as survived", async || {
        std::fs::read_to_string(&mark).ok()?.contains("\"is_starting\":false").then_some(())
    })
    .await
    .expect("a first frame");
    desk.picture("first-run").expect("a picture");

    // What the page may not do: the capability names two commands, two of the event's and the title.
    let refused = window
        .page
        .execute_async(
            "const done = arguments[arguments.length - 1];\
             window.__TAURI_INTERNALS__.invoke('plugin:window|close', {label: 'main'})\
               .then(() => done('closed'), (error) => done(String(error)))",
            Vec::new(),
        )
        .await
        .expect("an answer");
    assert!(refused.as_str().is_some_and(|why| why.contains("not allowed")), "{refused}");
    window.close().await.expect("it closes");
}

#[tokio::test]
async fn a_start_that_never_showed_a_frame_is_drawn_more_carefully() {
    let (desk, home) = (Desk::new().expect("a desk"), Home::new().expect("a home"));
    let mark = home.path().join("window-start.json");
    // No process has this number: Linux stops far below.
    std::fs::write(&mark, r#"{"is_starting":true,"level":1,"process":4294967295}"#).expect("a mark");
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    until("the next level is marked", async || {
        std::fs::read_to_string(&mark).ok()?.contains(r#""is_starting":false,"level":2"#).then_some(())
    })
    .await
    .expect("level 2");
    window.close().await.expect("it closes");
}

#[tokio::test]
async fn a_second_start_brings_the_first_window_forward_and_ends() {
    let (desk, home) = (Desk::new().expect("a desk"), Home::new().expect("a home"));
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    window.wait_for("a page", "return !!document.querySelector('h1')").await.expect("a page");

    let mut second = Command::new(desktop_program().expect("the window's program"));
    desk.prepare(&mut second, &home);
    let mut second = second.stderr(Stdio::null()).spawn().expect("it starts");
    let ended = until("the second start ends", async || second.try_wait().ok().flatten()).await;
    assert!(ended.expect("it ends").success(), "it handed over to the first window");
    let is_there =
        window.script("return !!document.querySelector('h1')").await.expect("the first still answers");
    assert_eq!(is_there, true);
    window.close().await.expect("it closes");
}
