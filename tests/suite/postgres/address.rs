//! Connection URLs: whatever is typed or pasted, nothing panics and no password is shown.

use proptest::prelude::*;
use secrecy::ExposeSecret;
use steward_core::{Error, ErrorCode};
use steward_store::postgres::connect::{Address, Host, SslMode};

fn parse(url: &str) -> Result<Address, Error> {
    Address::parse(url, None)
}

fn refusal(url: &str) -> String {
    let error = parse(url).expect_err("the URL is refused");
    assert_eq!(error.code(), ErrorCode::Invalid, "a bad URL is the request's fault");
    assert_eq!(error.fields()[0].field, "url", "the field is named");
    error.message().to_owned()
}

#[test]
fn a_url_is_taken_apart() {
    let address =
        parse("postgresql://console:s3cret@db.example.com:6543/product?sslmode=verify-full&pgbouncer=true")
            .expect("a plain URL is fine");
    assert_eq!(address.host(), &Host::Tcp("db.example.com".to_owned()));
    assert_eq!((address.port(), address.database(), address.login()), (6543, "product", "console"));
    assert_eq!(address.ssl_mode(), SslMode::VerifyFull);
    assert_eq!(address.password().map(|secret| secret.expose_secret()), Some("s3cret"));
}

#[test]
fn tls_is_never_weaker_than_it_looks() {
    let mode = |url: &str| parse(url).expect("the URL is fine").ssl_mode();
    assert_eq!(mode("postgres://a@db.example.com/b"), SslMode::VerifyFull, "full proof is the default");
    assert_eq!(
        mode("postgres://a@db.example.com/b?sslmode=require"),
        SslMode::VerifyFull,
        "require alone proves nothing and is raised"
    );
    assert_eq!(mode("postgres://a@localhost/b?sslmode=disable"), SslMode::Disable);
    assert_eq!(mode("postgres://a@[::1]/b?sslmode=disable"), SslMode::Disable);
    assert_eq!(mode("postgres://a@/b?host=/run/postgresql"), SslMode::Disable, "a socket needs no TLS");
    assert!(refusal("postgres://a@db.example.com/b?sslmode=prefer").contains("fall back to plain text"));
    assert!(refusal("postgres://a@db.example.com/b?sslmode=disable").contains("on this computer"));
}

#[test]
fn a_refusal_says_what_to_write() {
    assert!(refusal("mysql://a@b/c").contains("postgresql://"));
    assert!(refusal("postgres://a@b").contains("database"));
    assert!(refusal("postgres://b/c").contains("login"));
    assert!(refusal("postgres://a@/c").contains("host"));
    assert!(refusal("postgres://a@b:0/c").contains("port"));
    assert!(refusal("postgres://a@b:5432,c:5432/d").contains("one host"));
}

#[test]
fn a_password_may_hold_what_separates_elsewhere() {
    let address = parse("postgres://a:p#/?:@w@db.example.com/b").expect("the last @ separates");
    assert_eq!(address.password().map(|secret| secret.expose_secret()), Some("p#/?:@w"));
    assert_eq!(address.host(), &Host::Tcp("db.example.com".to_owned()));
}

proptest! {
    #[test]
    fn nothing_panics(text in ".{0,200}") {
        let _ = parse(&text);
        let _ = parse(&format!("postgresql://{text}"));
        let _ = parse(&format!("postgresql://a:{text}@b/c?{text}"));
    }

    #[test]
    fn an_address_survives_the_round_trip(
        login in "[^\\x00]{1,20}",
        password in "[a-z]{30}",
        host in "[a-z][a-z0-9.-]{0,20}",
        port in 1u16..,
        database in "[^\\x00]{1,20}",
        ca_file in proptest::option::of("/[a-z &=?%]{1,20}"),
    ) {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let mut url =
            format!("postgresql://{}:{password}@{host}:{port}/{}", encode(&login), encode(&database));
        if let Some(file) = &ca_file {
            url.push_str("?sslrootcert=");
            url.push_str(&encode(file));
        }
        let address = parse(&url).expect("the URL is well formed");
        prop_assert_eq!(address.login(), &login);
        prop_assert_eq!(address.database(), &database);
        prop_assert_eq!(address.ca_file().map(|file| file.display().to_string()), ca_file);
        let again = parse(&address.to_url()).expect("what we write we can read");
        prop_assert_eq!(&again, &address);
        prop_assert!(again.password().is_none(), "the written URL holds no password");
        for shown in [format!("{address:?}"), format!("{address}"), address.to_url()] {
            prop_assert!(!shown.contains(&password), "a shown address holds no password");
        }
    }
}
