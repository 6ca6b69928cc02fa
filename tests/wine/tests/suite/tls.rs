//! What the command line says of TLS, against the origin and OpenSSL.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use libtest_mimic::Trial;
use wskhttp_wine_suite::{
    Output,
    servers::{Leaf, SServer, Tls},
};

use crate::bench::{Bench, succeeded, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("tls::versions", versions),
        trial("tls::pins_and_certificates", pins),
        trial("tls::added_roots", added_roots),
        trial("tls::revocation_lists", revocation_lists),
        trial("tls::stapled_responses", stapled_responses),
        trial("tls::client_certificate", client_certificate),
        trial(
            "tls::client_certificate_of_the_service",
            service_certificate,
        ),
        trial("tls::stores_of_the_machine", stores),
        trial("tls::post_quantum", post_quantum),
    ]
}

fn versions(bench: &Bench) -> anyhow::Result<()> {
    let url = bench.url("/bytes/10");
    for (arguments, version) in [
        (&["--tlsv1.2"][..], "TLS 1.3"),
        (&["--tlsv1.3"], "TLS 1.3"),
        (&["--tls-max", "1.2"], "TLS 1.2"),
    ] {
        let output = bench.fetch(&[arguments, &["-v", &url]].concat())?;
        succeeded(&output)?;
        ensure!(output.stderr.contains(version), "{}", output.stderr);
    }
    let papers = Papers::new(bench, "versions")?;
    let server = SServer::start(&papers.leaf, Tls::V1_2)?;
    fs::write(server.file("file"), b"text")?;
    let url = format!("https://localhost:{}/file", server.port());
    let ca = bench.file("versions/ca.pem");
    succeeded(&bench.fetch_with(&ca, &["--tlsv1.2", &url])?)?;
    refused(bench, &ca, &["--tlsv1.3", &url], 35)
}

/// The pin of the first certificate that the server sent is one that it has.
fn pins(bench: &Bench) -> anyhow::Result<()> {
    let url = bench.url("/bytes/10");
    let body = bench.file("pins.body").to_string_lossy().into_owned();
    let output = bench.fetch(&["-o", &body, "-w", "%{num_certs}\\n%{certs}", &url])?;
    succeeded(&output)?;
    let (count, pem) = output.text().split_once('\n').map_or_else(
        || (String::new(), String::new()),
        |(count, pem)| (count.to_owned(), pem.to_owned()),
    );
    ensure!(
        count == "1" && pem.starts_with("-----BEGIN"),
        "{count} {pem}"
    );
    let directory = bench.file("pins");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("leaf.pem"), pem)?;
    shell(
        &directory,
        "openssl x509 -in leaf.pem -noout -pubkey | openssl pkey -pubin -outform der \
         | openssl dgst -sha256 -binary | base64 > pin",
    )?;
    let right = format!(
        "sha256//{}",
        fs::read_to_string(directory.join("pin"))?.trim()
    );
    let wrong = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let both = format!("{wrong};{right}");
    for pins in [&right, &both] {
        succeeded(&bench.fetch(&["--pinnedpubkey", pins, &url])?)?;
    }
    refused(
        bench,
        &bench.origin_ca,
        &["--pinnedpubkey", wrong, &url],
        90,
    )
}

fn added_roots(bench: &Bench) -> anyhow::Result<()> {
    let ca = bench.origin_ca.to_string_lossy();
    let url = bench.url("/bytes/10");
    let command = |arguments: &[&str]| bench.driver.wskhttp(arguments).run();
    succeeded(&command(&["--add-cacert", &ca, &url])?)?;
    let output = command(&[&url])?;
    ensure!(output.code == Some(60), "{:?}", output.code);
    Ok(())
}

fn revocation_lists(bench: &Bench) -> anyhow::Result<()> {
    let papers = Papers::new(bench, "revocation")?;
    let server = SServer::start(&papers.leaf, Tls::V1_3)?;
    fs::write(server.file("file"), b"text")?;
    let url = format!("https://localhost:{}/file", server.port());
    let ca = bench.file("revocation/ca.pem");
    let list = |name| {
        bench
            .file(&format!("revocation/{name}"))
            .to_string_lossy()
            .into_owned()
    };
    let (clean, revoked, other) = (list("clean.crl"), list("revoked.crl"), list("other.crl"));
    succeeded(&bench.fetch_with(&ca, &["--crlfile", &clean, &url])?)?;
    refused(bench, &ca, &["--crlfile", &revoked, &url], 60)?;
    refused(bench, &ca, &["--crlfile", &other, &url], 91)?;
    let soft = ["--crl-mode", "soft", "--crlfile", &other, &url];
    succeeded(&bench.fetch_with(&ca, &soft)?)?;
    let soft = ["--crl-mode", "soft", "--crlfile", &revoked, &url];
    refused(bench, &ca, &soft, 60)
}

fn stapled_responses(bench: &Bench) -> anyhow::Result<()> {
    let papers = Papers::new(bench, "stapled")?;
    let ca = bench.file("stapled/ca.pem");
    for (response, code) in [("good.ocsp", 0), ("revoked.ocsp", 60), ("", 91)] {
        let file = bench.file(&format!("stapled/{response}"));
        let file = file.to_string_lossy();
        let staples = match response {
            "" => &[][..],
            _ => &["-status_file", &file],
        };
        let server = SServer::start_with(&papers.leaf, Tls::V1_3, staples)?;
        fs::write(server.file("file"), b"text")?;
        let url = format!("https://localhost:{}/file", server.port());
        refused(bench, &ca, &["--cert-status", &url], code).context(response)?;
        succeeded(&bench.fetch_with(&ca, &[&url])?).context("nobody looks")?;
    }
    Ok(())
}

/// What is in the registry for one server is shown to it.
fn service_certificate(bench: &Bench) -> anyhow::Result<()> {
    let papers = Papers::new(bench, "service")?;
    let ca = bench.file("service/ca.pem");
    let authority = ca.to_string_lossy();
    let asks = ["-Verify", "1", "-verify_return_error", "-CAfile"];
    let asks = [&asks[..], &[&authority]].concat();
    // TLS 1.2 tells in the handshake that there is no certificate.
    let server = SServer::start_with(&papers.leaf, Tls::V1_2, &asks)?;
    fs::write(server.file("file"), b"text")?;
    let url = format!("https://localhost:{}/file", server.port());
    let ends_with = |code| ends_with(code, || bench.driver.wskhttp([&url]).run());
    let add = |key: &str, name: &str, file: &Path| -> anyhow::Result<()> {
        let hex = hex(&fs::read(file)?);
        let value = ["/v", name, "/t", "REG_BINARY", "/d", &hex, "/f"];
        reg(bench, &[&["add", key][..], &value].concat())
    };
    let roots = format!(r"{PARAMETERS}\Roots");
    add(&roots, "ours", &ca)?;
    ends_with(35)?;
    let key = format!(
        r"{PARAMETERS}\ClientCertificates\localhost:{}",
        server.port()
    );
    for (name, file) in [("Certificate", "client.pem"), ("Key", "client.key")] {
        add(&key, name, &bench.file(&format!("service/{file}")))?;
    }
    ends_with(0)?;
    // It is not for servers that the request's own roots vouch for.
    refused(bench, &ca, &[&url], 35)?;
    reg(bench, &["delete", &key, "/f"])?;
    ends_with(35)?;
    reg(bench, &["delete", &roots, "/f"])
}

fn client_certificate(bench: &Bench) -> anyhow::Result<()> {
    let papers = Papers::new(bench, "client")?;
    let ca = bench.file("client/ca.pem");
    for tls in [Tls::V1_2, Tls::V1_3] {
        let asks = ["-Verify", "1", "-verify_return_error", "-CAfile"];
        let authority = ca.to_string_lossy();
        let asks = [&asks[..], &[&authority]].concat();
        let server = SServer::start_with(&papers.leaf, tls, &asks)?;
        fs::write(server.file("file"), b"text")?;
        let url = format!("https://localhost:{}/file", server.port());
        let file = |name: &str| {
            bench
                .file(&format!("client/{name}"))
                .to_string_lossy()
                .into_owned()
        };
        let (cert, key, both) = (file("client.pem"), file("client.key"), file("both.pem"));
        for client in [&["--cert", &cert, "--key", &key][..], &["-E", &both]] {
            let output = bench.fetch_with(&ca, &[client, &[&url]].concat())?;
            succeeded(&output)?;
            ensure!(output.stdout == b"text", "another body");
        }
        let output = bench.fetch_with(&ca, &[&url])?;
        ensure!(output.code != Some(0), "{tls:?}: without a certificate");
        refused(bench, &ca, &["--cert", &cert, &url], 2)?;
    }
    Ok(())
}

/// With OpenSSL's X25519MLKEM768, at once and after a hello retry, but only for who asks.
fn post_quantum(bench: &Bench) -> anyhow::Result<()> {
    let papers = Papers::new(bench, "quantum")?;
    let ca = bench.file("quantum/ca.pem");
    let alone = ["-groups", "X25519MLKEM768"];
    let server = SServer::start_newest(&papers.leaf, Tls::V1_3, &alone)?;
    fs::write(server.file("file"), b"text")?;
    let url = format!("https://localhost:{}/file", server.port());
    for curves in [
        "X25519MLKEM768",
        "X25519MLKEM768:X25519",
        "P-256:x25519mlkem768",
    ] {
        let output = bench.fetch_with(&ca, &["-v", "--curves", curves, &url])?;
        succeeded(&output)?;
        ensure!(output.stdout == b"text", "another body");
        let said = &output.stderr;
        ensure!(said.contains(", X25519MLKEM768"), "{curves}: {said}");
    }
    refused(bench, &ca, &[&url], 35)
}

/// The driver takes notice of the registry while it runs.
fn stores(bench: &Bench) -> anyhow::Result<()> {
    let url = bench.url("/bytes/10");
    let ends_with = |code| ends_with(code, || bench.driver.wskhttp([&url]).run());
    ends_with(60)?;
    let directory = bench.file("stores");
    let body = bench.file("stores.body").to_string_lossy().into_owned();
    fs::create_dir_all(&directory)?;
    fs::copy(&bench.origin_ca, directory.join("ca.pem"))?;
    let certs = bench.fetch(&["-o", &body, "-w", "%{certs}", &url])?;
    fs::write(directory.join("leaf.pem"), certs.text())?;
    let blob = |name: &str| -> anyhow::Result<String> {
        let command = format!("openssl x509 -in {name}.pem -outform der -out {name}.der");
        shell(&directory, &command)?;
        let der = fs::read(directory.join(name).with_extension("der"))?;
        let mut blob: Vec<u8> = [32, 1, u32::try_from(der.len())?]
            .into_iter()
            .flat_map(u32::to_le_bytes)
            .collect();
        blob.extend(der);
        Ok(hex(&blob))
    };
    let key = |store: &str| {
        format!(r"HKLM\Software\Microsoft\SystemCertificates\{store}\Certificates\00112233")
    };
    let add = |store: &str, name: &str| -> anyhow::Result<()> {
        let (key, hex) = (key(store), blob(name)?);
        let value = ["/v", "Blob", "/t", "REG_BINARY", "/d", &hex, "/f"];
        reg(bench, &[&["add", &key][..], &value].concat())
    };
    let delete = |store: &str| reg(bench, &["delete", &key(store), "/f"]);
    add("ROOT", "ca")?;
    ends_with(0)?;
    add("Disallowed", "leaf")?;
    ends_with(60)?;
    delete("Disallowed")?;
    ends_with(0)?;
    reg(bench, &["query", PARAMETERS, "/v", "LastGoodTime"])?;
    delete("ROOT")?;
    ends_with(60)
}

/// Waits until a request ends with an exit code.
fn ends_with(code: i32, request: impl Fn() -> anyhow::Result<Output>) -> anyhow::Result<()> {
    let deadline = Instant::now() + NOTICE;
    loop {
        let output = request()?;
        if output.code == Some(code) {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "{:?}, not {code}: {}",
            output.code,
            output.stderr
        );
        thread::sleep(Duration::from_millis(500));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

const PARAMETERS: &str = r"HKLM\System\CurrentControlSet\Services\wskhttp\Parameters";

pub(crate) fn reg(bench: &Bench, arguments: &[&str]) -> anyhow::Result<()> {
    let program = bench.driver.wine().program(Path::new("reg.exe"));
    let output = program.args(arguments).run()?;
    succeeded(&output).with_context(|| arguments.get(..2).unwrap_or_default().join(" "))
}

/// More than the driver goes without a look at the registry.
const NOTICE: Duration = Duration::from_secs(60);

fn refused(bench: &Bench, ca: &Path, arguments: &[&str], code: i32) -> anyhow::Result<()> {
    let output = bench.fetch_with(ca, arguments)?;
    ensure!(
        output.code == Some(code),
        "{arguments:?}: {:?} {}",
        output.code,
        output.stderr
    );
    Ok(())
}

/// An authority of OpenSSL's, with leaves and revocation lists, in a directory of their own.
pub(crate) struct Papers {
    pub(crate) leaf: Leaf,
}

impl Papers {
    pub(crate) fn new(bench: &Bench, name: &str) -> anyhow::Result<Self> {
        let directory = bench.file(name);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("ca.cnf"), CONFIGURATION)?;
        fs::write(directory.join("server.ext"), SERVER)?;
        fs::write(
            directory.join("client.ext"),
            "extendedKeyUsage=clientAuth\n",
        )?;
        shell(&directory, SCRIPT)?;
        Ok(Self {
            leaf: Leaf {
                certificate: directory.join("leaf.pem"),
                key: directory.join("leaf.key"),
            },
        })
    }
}

fn shell(directory: &Path, script: &str) -> anyhow::Result<()> {
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(directory)
        .output()
        .context("sh cannot be run")?;
    if !output.status.success() {
        bail!("openssl: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

const SERVER: &str = "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n";

const CONFIGURATION: &str = "\
[ca]
default_ca = own
[own]
default_md = sha256
default_crl_days = 7
database = index
crlnumber = number
crl_extensions = list
[list]
authorityKeyIdentifier = keyid
";

const SCRIPT: &str = r"
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
for ca in ca other; do
  openssl req -x509 $key -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 30 \
    -addext keyUsage=critical,keyCertSign,cRLSign
done
for name in leaf client; do
  openssl req $key -keyout $name.key -out $name.csr -subj /CN=$name
done
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 30 \
  -extfile server.ext -out leaf.pem
openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -set_serial 3 -days 30 \
  -extfile client.ext -out client.pem
cat client.pem client.key > both.pem
echo 01 > number
: > index
openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out clean.crl
openssl ca -config ca.cnf -gencrl -cert other.pem -keyfile other.key -out other.crl
printf 'R\t400101000000Z\t250101000000Z\t02\tunknown\t/CN=leaf\n' > index
openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out revoked.crl
openssl ocsp -issuer ca.pem -cert leaf.pem -no_nonce -reqout request
answer='openssl ocsp -index index -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin request -ndays 7'
$answer -respout revoked.ocsp
printf 'V\t401231000000Z\t\t02\tunknown\t/CN=leaf\n' > index
$answer -respout good.ocsp
";
