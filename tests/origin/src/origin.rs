//! The running server.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::log::{Journal, Log, Port};
use crate::{Ca, LeafFault, LeafOptions, Options, connection};

/// A server on 127.0.0.1 with threads of its own. Dropping it ends it and its connections.
pub struct Origin {
    shared: Arc<Shared>,
    _full: Full,
    runtime: Option<Runtime>,
}

/// What the connections of one server share.
pub(crate) struct Shared {
    pub(crate) journal: Arc<Journal>,
    pub(crate) https: u16,
    pub(crate) http: u16,
    pub(crate) silent: u16,
    pub(crate) full: u16,
    pub(crate) ca: Ca,
    /// Counts the releases of stalled uploads.
    pub(crate) released: watch::Sender<u64>,
}

impl Origin {
    /// Makes an authority and a leaf, and listens.
    ///
    /// # Errors
    /// A port is taken, or the leaf's key cannot be made.
    pub fn start(options: Options) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("origin")
            .enable_all()
            .build()
            .context("cannot start the origin's threads")?;
        let ca = Ca::new()?;
        let leaf = LeafOptions {
            key: options.key,
            fault: options.fault,
        };
        let leaf = if options.fault == Some(LeafFault::UntrustedCa) {
            Ca::new()?.leaf(&leaf)?
        } else {
            ca.leaf(&leaf)?
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&options.versions.protocols())?
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(
                    leaf.certificate_pem.as_bytes(),
                )?],
                PrivateKeyDer::from_pem_slice(leaf.key_pem.as_bytes())?,
            )?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(tls));

        let (https, http, silent, full) = runtime.block_on(async {
            Ok::<_, anyhow::Error>((
                listen(options.https_port).await?,
                listen(options.http_port).await?,
                listen(0).await?,
                Full::listen().await.context("no port can be filled")?,
            ))
        })?;
        let shared = Arc::new(Shared {
            journal: Arc::default(),
            https: https.local_addr()?.port(),
            http: http.local_addr()?.port(),
            silent: silent.local_addr()?.port(),
            full: full.listener.local_addr()?.port(),
            ca,
            released: watch::Sender::new(0),
        });

        let on = Arc::clone(&shared);
        runtime.spawn(accept(https, Port::Https, on, move |tcp, shared, page| {
            tokio::spawn(connection::https(tcp, shared, page, acceptor.clone()));
        }));
        let on = Arc::clone(&shared);
        runtime.spawn(accept(http, Port::Http, on, |tcp, shared, page| {
            tokio::spawn(connection::http(tcp, shared, page));
        }));
        let on = Arc::clone(&shared);
        runtime.spawn(accept(silent, Port::Silent, on, |tcp, _, page| {
            tokio::spawn(connection::silent(tcp, page));
        }));
        Ok(Self {
            shared,
            _full: full,
            runtime: Some(runtime),
        })
    }

    /// The port that speaks HTTP over TLS.
    #[must_use]
    pub fn https_port(&self) -> u16 {
        self.shared.https
    }

    /// The port that speaks plain HTTP.
    #[must_use]
    pub fn http_port(&self) -> u16 {
        self.shared.http
    }

    /// The port that accepts connections and never says a byte.
    #[must_use]
    pub fn silent_port(&self) -> u16 {
        self.shared.silent
    }

    /// The port that a connection is never made to: its backlog is full, and Linux does not answer
    /// further SYNs then. Windows would refuse them.
    #[must_use]
    pub fn full_port(&self) -> u16 {
        self.shared.full
    }

    /// The published authority, PEM. It did not sign the leaf if the fault is
    /// [`LeafFault::UntrustedCa`].
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.shared.ca.pem()
    }

    /// The published authority, DER.
    #[must_use]
    pub fn ca_der(&self) -> &[u8] {
        self.shared.ca.der()
    }

    /// Writes the published authority to a PEM file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_ca(&self, path: &Path) -> Result<()> {
        self.shared.ca.write(path)
    }

    /// A copy of the log.
    #[must_use]
    pub fn log(&self) -> Log {
        self.shared.journal.copy()
    }

    /// Lets all uploads stalled by `/stall/upload` be read.
    pub fn release(&self) {
        self.shared.release();
    }
}

/// A listener that accepts nothing, and the connection that fills its backlog.
struct Full {
    listener: TcpListener,
    _connection: TcpStream,
}

impl Full {
    async fn listen() -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        // Linux queues one more than the backlog says (listen(2)).
        let listener = socket.listen(0)?;
        let connection = TcpStream::connect(listener.local_addr()?).await?;
        Ok(Self {
            listener,
            _connection: connection,
        })
    }
}

impl Shared {
    pub(crate) fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))
}

async fn accept(
    listener: TcpListener,
    port: Port,
    shared: Arc<Shared>,
    serve: impl Fn(tokio::net::TcpStream, Arc<Shared>, crate::log::Page),
) {
    loop {
        // An error here is that of one connection, or a lack of descriptors that passes.
        match listener.accept().await {
            Ok((tcp, _)) => serve(tcp, Arc::clone(&shared), shared.journal.open(port)),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}
