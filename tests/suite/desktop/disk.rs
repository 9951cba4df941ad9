//! A disk that is full, and one that cannot be written, as a person at the window meets them.

use fantoccini::Locator;
use steward_tests::cluster::{TestDatabase, execute};
use steward_tests::file_system::FileSystem;
use steward_tests::window::{Desk, Home, Window};

use crate::cli::machine::MANY;

const ALERT: &str = "return document.querySelector('[role=alert]')?.innerText || null";

#[tokio::test]
async fn a_full_disk_is_told_in_the_window_with_what_to_do() {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, MANY).await;
    let (desk, home) = (Desk::new().expect("a desk"), Home::new().expect("a home"));
    let url = database.login_url("viewer");
    home.steward_json(&["workspace", "add", "acme", &url, "--environment", "development"]).expect("added");
    let home = home.on(FileSystem::Small);
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    let told = window.wait_for("the failure", ALERT).await.expect("a failure is told");
    let told = told.as_str().expect("a text");
    for part in ["disk is full", "Free some space", "disk_full"] {
        assert!(told.contains(part), "`{part}` is said: {told}");
    }
    desk.picture("disk-full").expect("a picture");
    // What does not need the disk still works.
    let settings = window.page.find(Locator::XPath("//a[contains(., 'Settings')]")).await.expect("a link");
    settings.click().await.expect("a press");
    let heading = "return document.querySelector('h1')?.innerText === 'Settings'";
    window.wait_for("another view", heading).await.expect("the window goes on");
    window.close().await.expect("it closes");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_in_the_window_with_what_to_do() {
    let (desk, home) = (Desk::new().expect("a desk"), Home::new().expect("a home"));
    let home = home.on(FileSystem::Sealed);
    let window = Window::open(&desk, &home, &[]).await.expect("a window opens all the same");
    let told = window.wait_for("the failure", ALERT).await.expect("a failure is told");
    let told = told.as_str().expect("a text");
    assert!(told.contains("could not start") && told.contains("file"), "{told}");
    desk.picture("sealed").expect("a picture");
    window.close().await.expect("it closes");
}
