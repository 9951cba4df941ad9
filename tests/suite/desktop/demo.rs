//! The demo's way: `--sample` on a folder of data that has never been used.

use steward_tests::window::{Desk, FILLED, Home, Window, until};

#[tokio::test]
async fn sample_on_a_fresh_home_ends_in_numbers_under_the_ribbon_and_closing_stops_its_server() {
    let (desk, home) = (Desk::new().expect("a desk"), Home::new().expect("a home"));
    let window = Window::open(&desk, &home, &["--sample"]).await.expect("a window");
    window
        .wait_for(
            "the sample company is being made",
            "return /first time takes a moment/.test(document.body.innerText)",
        )
        .await
        .expect("the person is told what happens");
    window
        .wait_for("every panel is filled", FILLED)
        .await
        .expect("nobody pressed anything, and numbers came");
    let ribbon =
        window.script("return document.querySelector('.ribbon')?.innerText").await.expect("a ribbon");
    assert!(ribbon.as_str().is_some_and(|text| text.contains("Sample data")), "{ribbon}");
    desk.picture("demo").expect("a picture");

    let server = home.sample_server().expect("the sample company's server runs");
    desk.ask_to_close().await.expect("the window hears what its frame's button says");
    until("the server inside ends with the window", async || home.sample_server().is_none().then_some(()))
        .await
        .expect("no server is left behind");
    assert!(!server.join("postmaster.pid").exists(), "it was stopped, not killed");

    // The second time there is nothing to make: the copy answers before its server has started.
    let window = Window::open(&desk, &home, &["--sample"]).await.expect("a window");
    let place = window
        .wait_for("every panel is filled", FILLED)
        .await
        .and(window.script("return location.hash").await);
    assert_eq!(place.expect("a place"), "#/", "it opened where the numbers are");
    desk.ask_to_close().await.expect("a window that hears");
    until("the second server ends too", async || home.sample_server().is_none().then_some(()))
        .await
        .expect("no server is left behind");
}
