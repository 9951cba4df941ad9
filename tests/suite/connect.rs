//! The way to a server, stage by stage, against real servers.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use secrecy::SecretString;
use sqlx::Executor as _;
use steward_connect::stages::{CertificateCheck, Outcome, Stage, StageName, Target, probe};
use steward_core::{Error, ErrorKind};
use steward_store::postgres::cluster::{Cluster, ClusterConfig};
use steward_store::postgres::connect::{Address, connect};
use steward_tests::server::open_folder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const EXPECTED_LIMIT: Duration = Duration::from_secs(30);

fn target(port: u16, ca_file: Option<PathBuf>) -> Target {
    Target { host: "localhost".to_owned(), port, tls: Some(CertificateCheck::Full), ca_file }
}

fn stage(stages: &[Stage], name: StageName) -> &Stage {
    stages.iter().find(|stage| stage.name == name).expect("every stage is listed")
}

fn failure(stages: &[Stage], name: StageName) -> &Error {
    match &stage(stages, name).outcome {
        Outcome::Failed(error) => error,
        other => panic!("{name:?} should have failed, but: {other:?}"),
    }
}

fn words(stages: &[Stage], name: StageName) -> String {
    match &stage(stages, name).outcome {
        Outcome::Passed(text) | Outcome::Noted(text) => text.clone(),
        Outcome::Failed(error) => format!("{error}"),
        Outcome::NotReached => String::new(),
    }
}

/// An authority and a way to sign with it.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names to refuse");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// A server's certificate and key in PEM form; `year` ends its validity and tells it from others.
    fn sign(&self, host: &str, year: i32) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let certificate = leaf(host, year).signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

fn leaf(host: &str, year: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    params
}

/// Gives the running server this certificate, and waits until new connections are shown it.
async fn install(cluster: &Cluster, (certificate, key): &(String, String), year: i32) {
    let data = data_folder(cluster);
    let owner = data.metadata().expect("the server's folder");
    for (name, text) in [("server.crt", certificate), ("server.key", key)] {
        let path = data.join(name);
        std::fs::write(&path, text).expect("the server's folder can be written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("own file");
        chown(&path, Some(owner.uid()), Some(owner.gid())).expect("the server must read it");
    }
    let mut session =
        connect(&cluster.address("postgres"), Some(cluster.password())).await.expect("a session");
    session.execute("alter system set ssl = on").await.expect("a superuser");
    session.execute("select pg_reload_conf()").await.expect("a superuser");
    let shown = format!("valid until {year}-01-01");
    let started = Instant::now();
    loop {
        let stages = probe(&target(cluster.port(), None)).await;
        if words(&stages, StageName::Tls).contains(&shown) {
            return;
        }
        assert!(started.elapsed() < EXPECTED_LIMIT, "the server never showed the certificate of {year}");
    }
}

fn data_folder(cluster: &Cluster) -> PathBuf {
    let folder = cluster.folder();
    [folder.join("data"), folder.to_owned()]
        .into_iter()
        .find(|folder| folder.join("PG_VERSION").exists())
        .expect("a cluster has its data")
}

fn start(folder: &Path) -> Cluster {
    Cluster::start(ClusterConfig { data_dir: folder.join("cluster"), ..ClusterConfig::default() })
        .expect("PostgreSQL starts")
}

/// What the driver says about the same server with `sslmode=verify-full`.
async fn driver_accepts(port: u16, ca_file: &Path) -> bool {
    let url = format!("postgresql://nobody@localhost:{port}/postgres?sslmode=verify-full");
    let address = Address::parse(&url, Some(ca_file.to_owned())).expect("an address");
    let refused = connect(&address, Some(&SecretString::from("wrong"))).await.expect_err("no such login");
    match refused.kind() {
        ErrorKind::Auth => true,
        ErrorKind::Tls => false,
        other => panic!("the driver failed with {other:?}: {}", refused.chain()),
    }
}

#[tokio::test]
async fn certificates_are_judged_as_the_driver_judges_them() {
    let folder = open_folder();
    let cluster = start(folder.path());
    let (ours, theirs) = (Authority::new("Our authority"), Authority::new("Another authority"));
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ours.0.pem()).expect("a file");
    let self_signed = {
        let key = KeyPair::generate().expect("a key");
        (leaf("localhost", 2055).self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
    };

    let cases = [
        ("good", ours.sign("localhost", 2051), 2051, None),
        (
            "another name",
            ours.sign("db.elsewhere.example", 2052),
            2052,
            Some("issued for db.elsewhere.example, expected localhost"),
        ),
        ("expired", ours.sign("localhost", 2021), 2021, Some("expired on 2021-01-01")),
        (
            "another authority",
            theirs.sign("localhost", 2054),
            2054,
            Some("its issuer Another authority is no authority known"),
        ),
        ("its own authority", self_signed, 2055, Some("isn't trusted")),
    ];
    for (case, pair, year, refusal) in cases {
        install(&cluster, &pair, year).await;
        let stages = probe(&target(cluster.port(), Some(ca_file.clone()))).await;
        let is_accepted = matches!(stage(&stages, StageName::Tls).outcome, Outcome::Passed(_));
        assert_eq!(
            is_accepted,
            driver_accepts(cluster.port(), &ca_file).await,
            "{case}: we and the driver must agree; we say: {}",
            words(&stages, StageName::Tls)
        );
        match refusal {
            None => assert!(
                words(&stages, StageName::Tls).contains("certificate for localhost, issued by Our authority"),
                "{case}: the certificate is described: {}",
                words(&stages, StageName::Tls)
            ),
            Some(sentence) => {
                let error = failure(&stages, StageName::Tls);
                assert_eq!(error.kind(), ErrorKind::Tls, "{case}");
                assert!(error.message().contains(sentence), "{case}: {}", error.message());
                assert!(error.message().ends_with("Steward does not connect."), "{case}");
            }
        }
    }

    // `verify-ca` lets another name pass, says so, and nothing else.
    for (pair, year, passes) in
        [(ours.sign("db.elsewhere.example", 2056), 2056, true), (theirs.sign("localhost", 2057), 2057, false)]
    {
        install(&cluster, &pair, year).await;
        let lenient = Target {
            tls: Some(CertificateCheck::Authority),
            ..target(cluster.port(), Some(ca_file.clone()))
        };
        let stages = probe(&lenient).await;
        let is_noted = matches!(&stage(&stages, StageName::Tls).outcome, Outcome::Noted(text) if text.contains("name is not checked"));
        assert_eq!(is_noted, passes, "{}", words(&stages, StageName::Tls));
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_and_reached_only_when_asked_so() {
    let folder = open_folder();
    let cluster = start(folder.path());

    let stages = probe(&target(cluster.port(), None)).await;
    assert!(matches!(stage(&stages, StageName::Tcp).outcome, Outcome::Passed(_)), "the server is there");
    let error = failure(&stages, StageName::Tls);
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.message().contains("does not offer TLS"), "{}", error.message());

    let stages = probe(&Target { tls: None, ..target(cluster.port(), None) }).await;
    assert!(words(&stages, StageName::Tls).starts_with("Off:"), "{}", words(&stages, StageName::Tls));
}

#[tokio::test]
async fn a_closed_port_fails_the_connection_and_leaves_the_rest_unreached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);

    let stages = probe(&target(port, None)).await;
    let error = failure(&stages, StageName::Tcp);
    assert_eq!(error.kind(), ErrorKind::Offline);
    assert_eq!(error.message(), format!("Nothing listens on localhost:{port}."));
    assert!(matches!(stage(&stages, StageName::Tls).outcome, Outcome::NotReached), "nothing to encrypt");
}

#[tokio::test]
async fn a_name_without_address_is_not_called_a_dead_server() {
    let unknown = Target { host: "no-such-host.invalid".to_owned(), ..target(5432, None) };
    let stages = probe(&unknown).await;
    assert_eq!(failure(&stages, StageName::Dns).kind(), ErrorKind::NameLookup);
    assert!(matches!(stage(&stages, StageName::Tcp).outcome, Outcome::NotReached));
}

#[tokio::test]
async fn another_program_on_the_port_hears_eight_bytes_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut heard = vec![0; 8];
        stream.read_exact(&mut heard).await.expect("the request");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("still connected");
        // A client that closes on unread bytes resets; either way nothing more was said.
        let _ = stream.read_to_end(&mut heard).await;
        heard
    });

    let stages = probe(&target(port, None)).await;
    let error = failure(&stages, StageName::Tls);
    assert!(error.message().contains("does not answer like PostgreSQL"), "{}", error.message());
    let heard = server.await.expect("the server ran");
    assert_eq!(heard, [0, 0, 0, 8, 4, 210, 22, 47], "SSLRequest is all that leaves this computer");
}

#[tokio::test]
async fn an_unusable_ca_file_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").expect("a file");
    for (file, why) in
        [(folder.path().join("missing.pem"), "cannot be read"), (empty, "holds no certificate")]
    {
        let stages = probe(&target(port, Some(file))).await;
        let error = failure(&stages, StageName::Tls);
        assert!(error.message().contains(why), "{}", error.message());
        assert_eq!(error.fields()[0].field, "ca_file");
    }
}
