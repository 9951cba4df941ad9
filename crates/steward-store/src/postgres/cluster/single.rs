//! A new password for a cluster whose old one is lost, while nobody is connected.

use std::io::Write as _;
use std::process::Stdio;

use secrecy::ExposeSecret as _;
use steward_core::{Error, Result};

use super::{Cluster, ClusterConfig, SUPERUSER, account, find_binaries, start_error};

impl Cluster {
    /// Gives the superuser of a stopped cluster the configured password, by the single-user mode only the
    /// owner of its files can enter. A cluster that was never made is left to [`Cluster::start`].
    pub fn change_password(config: ClusterConfig) -> Result<()> {
        let Some(password) = config.password else { return Ok(()) };
        let bin_dir = config.bin_dir.or_else(find_binaries);
        let bin_dir =
            bin_dir.ok_or_else(|| Error::internal("A cluster without a server has no password."))?;
        let (account, folder, bin_dir) = account::places(config.data_dir, bin_dir)?;
        if !folder.join("data/PG_VERSION").exists() {
            return Ok(());
        }
        let cluster = Self { bin_dir, folder, port: 0, password, account, stops_on_drop: false };
        cluster.alter_superuser()
    }

    fn alter_superuser(&self) -> Result<()> {
        let report_path = self.folder.join("report");
        let report = std::fs::File::create(&report_path)
            .map_err(|failure| super::file_error(&report_path, failure))?;
        let mut server = self
            .command("postgres")
            .args(["--single", "-c", "log_min_error_statement=panic", "-D"])
            .arg(self.data())
            .arg("postgres")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(report)
            .spawn()
            .map_err(|failure| start_error("postgres", failure))?;
        let quoted = self.password.expose_secret().replace('\'', "''");
        // A statement ends with its line; the mode ends with its input.
        let written = server.stdin.take().map(|mut input| {
            writeln!(input, "set password_encryption = 'scram-sha-256'")
                .and_then(|()| writeln!(input, "alter role {SUPERUSER} password '{quoted}'"))
        });
        let status = server.wait().map_err(|failure| start_error("postgres", failure))?;
        match written {
            Some(Ok(())) if status.success() => Ok(()),
            _ => {
                let text = std::fs::read_to_string(&report_path).unwrap_or_default();
                Err(Error::internal("The private PostgreSQL refused a new password.")
                    .with_source(std::io::Error::other(text)))
            }
        }
    }
}
