//! `wskhttp-origin`: the server as a program.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use wskhttp_origin::{KeyKind, LeafFault, Options, Origin, Versions, start_listeners};

/// A local HTTPS server for the demo and the tests. Prints one line of JSON with its ports, then
/// runs until its standard input ends or it is killed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port for HTTPS; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port for plain HTTP; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    http_port: u16,
    /// Write the certificate authority to this PEM file.
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// Key of the certificate.
    #[arg(long, value_enum, default_value = "ecdsa")]
    key: Key,
    /// TLS versions.
    #[arg(long, value_enum, default_value = "both")]
    tls: Tls,
    /// What is wrong with the certificate.
    #[arg(long, value_enum)]
    fault: Option<Fault>,
    /// Instead of all this, start the servers that the lines of this file tell of, and print their ports.
    #[arg(long, value_name = "FILE")]
    listeners: Option<PathBuf>,
    /// Run until killed, also when the standard input ends.
    #[arg(long)]
    ignore_stdin: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Key {
    Ecdsa,
    Rsa,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tls {
    Both,
    #[value(name = "1.2")]
    Tls12,
    #[value(name = "1.3")]
    Tls13,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fault {
    Expired,
    NotYetValid,
    WrongName,
    UntrustedCa,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(path) = &arguments.listeners {
        let ports = start_listeners(&std::fs::read_to_string(path)?)?;
        println!("{}", serde_json::json!({ "ports": ports }));
        until_end(arguments.ignore_stdin);
        return Ok(());
    }
    let origin = Origin::start(Options {
        key: match arguments.key {
            Key::Ecdsa => KeyKind::EcdsaP256,
            Key::Rsa => KeyKind::Rsa2048,
        },
        versions: match arguments.tls {
            Tls::Both => Versions::Both,
            Tls::Tls12 => Versions::Tls12,
            Tls::Tls13 => Versions::Tls13,
        },
        fault: arguments.fault.map(|fault| match fault {
            Fault::Expired => LeafFault::Expired,
            Fault::NotYetValid => LeafFault::NotYetValid,
            Fault::WrongName => LeafFault::WrongName,
            Fault::UntrustedCa => LeafFault::UntrustedCa,
        }),
        https_port: arguments.port,
        http_port: arguments.http_port,
    })?;
    if let Some(path) = &arguments.ca_out {
        origin.write_ca(path)?;
    }
    println!(
        "{}",
        serde_json::json!({
            "https": origin.https_port(),
            "http": origin.http_port(),
            "silent": origin.silent_port(),
            "full": origin.full_port(),
            "ca": arguments.ca_out,
        })
    );
    until_end(arguments.ignore_stdin);
    Ok(())
}

/// Until the standard input ends, or for ever.
fn until_end(ever: bool) {
    if ever {
        loop {
            std::thread::park();
        }
    }
    let mut sink = [0; 512];
    let mut input = std::io::stdin().lock();
    while matches!(input.read(&mut sink), Ok(n) if n > 0) {}
}
