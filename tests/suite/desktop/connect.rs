//! A login's password in the real window: wrong at first, put right, and replaced after the server's was changed.

use steward_tests::cluster::execute;
use steward_tests::trouble::Company;
use steward_tests::window::{Desk, Home, Window};

use super::journeys::{NO_DIALOG, press, take_both, type_into};

const CANARY: &str = "canary-password";

/// The code of the step that failed.
const FAILED_STEP: &str = "return document.querySelector('.checks .bad .why-c')?.innerText || null";

/// What stands above every view.
const BANNER: &str = "return document.querySelector('.banner[role=alert]')?.innerText || null";

/// Whether the overview's first card shows the company's thousand events; it counts up to them.
const CARD: &str =
    "return document.querySelector('[aria-label=\"Key numbers\"] .kpi .v')?.innerText === '1,000'";

#[tokio::test]
async fn a_wrong_password_is_put_right_and_a_changed_one_entered_in_one_session() {
    let company = Company::new().await;
    let right = company.url();
    let wrong = right.replace("test-login", CANARY);
    assert_ne!(wrong, right, "the test's own password stands in the address");
    let (desk, home) = (Desk::with_screen(1440, 900).expect("a desk"), Home::new().expect("a home"));
    let window = Window::open(&desk, &home, &[]).await.expect("a window");
    window.wait_for("the first run", "return !!document.querySelector('h1')").await.expect("a page");
    desk.fill_screen().await.expect("the window takes the screen");
    press(&window, "//*[@role='radio'][contains(., 'Connect your database')]").await;
    type_into(&window, "Connection URL", &wrong).await;
    type_into(&window, "Workspace name", "Tidemark").await;
    press(&window, "//*[@role='radio'][normalize-space(.)='Staging']").await;
    press(&window, "//button[contains(., 'Run checks')]").await;
    let code = window.wait_for("the step that failed", FAILED_STEP).await.expect("it is told");
    assert_eq!(code, "auth");
    let page = window.script("return document.body.innerText").await.expect("a page").to_string();
    assert!(
        page.contains("refused the login or its password") && page.contains("Enter the password again."),
        "{page}"
    );
    let shown = "return [...document.querySelectorAll('input')].map((input) => input.value).join(' ')";
    let shown = window.script(shown).await.expect("what was typed").to_string();
    assert!(shown.contains("••••••") && shown.contains("Tidemark"), "it is all still there: {shown}");
    assert!(!format!("{page}{shown}").contains(CANARY), "and the password behind its dots");
    take_both(&desk, &window, "connect-refused").await;

    type_into(&window, "Connection URL", &right).await;
    press(&window, "//button[contains(., 'Run checks')]").await;
    press(&window, "//button[normalize-space(.)='Add workspace'][not(@disabled)]").await;
    window.wait_for("the events", CARD).await.expect("the company is read");

    // On the server the password is another one now, and something has happened.
    company.change_password("second").await;
    let mut owner = company.database().connect_owner().await;
    execute(&mut owner, "insert into steward.users (email, name) values ('later@example.com', 'Later')")
        .await;
    let told = window.wait_for("the refusal", BANNER).await.expect("it is told above every view");
    let told = told.as_str().expect("a text");
    for part in ["refused the login or its password", "Enter the password again.", "auth"] {
        assert!(told.contains(part), "`{part}` is said: {told}");
    }
    assert_eq!(window.script(CARD).await.expect("an answer"), true, "the numbers stay");
    let as_of = window.script("return document.querySelector('.asof')?.innerText").await.expect("a text");
    assert!(as_of.as_str().is_some_and(|text| text.contains("as of")), "with their moment: {as_of}");
    take_both(&desk, &window, "password-refused").await;

    press(&window, "//*[@role='alert']//button[starts-with(normalize-space(.), 'Enter password')]").await;
    type_into(&window, "Password", "not this one").await;
    press(&window, "//*[@role='dialog']//button[normalize-space(.)='Keep password']").await;
    let again = "return document.querySelector('[role=dialog] [role=alert]')?.innerText || null";
    let again = window.wait_for("the second refusal", again).await.expect("it is told in the dialog");
    assert!(again.as_str().is_some_and(|text| text.contains("auth")), "{again}");
    type_into(&window, "Password", "second").await;
    press(&window, "//*[@role='dialog']//button[normalize-space(.)='Keep password']").await;
    window.wait_for("the dialog is gone", NO_DIALOG).await.expect("the server takes it");
    let is_quiet = "return !document.querySelector('.banner')";
    window.wait_for("the banner is gone", is_quiet).await.expect("it is read again");
    window.close().await.expect("it closes");
    let found =
        home.steward_json(&["users", "show", "later@example.com", "--offline"]).expect("it is in the copy");
    assert_eq!(found["user"]["email"], "later@example.com", "read by the same window");
    drop(owner);
    company.remove().await;
}
