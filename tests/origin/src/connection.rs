//! One connection: requests parsed by hyper, answers from it or from scripts.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::log::{End, Page};
use crate::observe::Observed;
use crate::origin::Shared;
use crate::route;
use crate::script::{Script, close};

/// Serves plain HTTP.
pub(crate) async fn http(tcp: TcpStream, shared: Arc<Shared>, page: Page) {
    let _ = tcp.set_nodelay(true);
    serve(Observed::plain(tcp, page), shared).await;
}

/// Serves HTTP over TLS.
pub(crate) async fn https(tcp: TcpStream, shared: Arc<Shared>, page: Page, tls: TlsAcceptor) {
    let _ = tcp.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(tcp)).await else {
        page.end(End::Handshake);
        return;
    };
    if let Some(version) = stream.get_ref().1.protocol_version() {
        page.tls(version.into());
    }
    serve(Observed::tls(stream, page), shared).await;
}

/// Reads and says nothing.
pub(crate) async fn silent(mut tcp: TcpStream, page: Page) {
    let mut sink = [0; 4096];
    let end = loop {
        match tcp.read(&mut sink).await {
            Ok(0) => break End::Fin,
            Ok(_) => {}
            Err(_) => break End::Reset,
        }
    };
    page.end(end);
}

async fn serve(mut io: Observed, shared: Arc<Shared>) {
    loop {
        let page = io.page().clone();
        let (scripts, mut script) = mpsc::channel(1);
        let service = service_fn(|request| {
            Box::pin(route::answer(
                request,
                Arc::clone(&shared),
                page.clone(),
                scripts.clone(),
            ))
        });
        let mut http = http1::Builder::new().serve_connection(TokioIo::new(io), service);
        let script: Option<Script> = poll_fn(|cx| {
            if let Poll::Ready(script) = script.poll_recv(cx) {
                return Poll::Ready(script);
            }
            let ended = http.poll_without_shutdown(cx).is_ready();
            // The handler may have sent it while hyper was polled.
            match script.poll_recv(cx) {
                Poll::Ready(script) => Poll::Ready(script),
                Poll::Pending if ended => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        io = http.into_parts().io.into_inner();
        match script {
            None => {
                close(&mut io).await;
                return;
            }
            Some(script) => {
                if !script.run(&mut io).await {
                    return;
                }
            }
        }
    }
}

const HANDSHAKE: Duration = Duration::from_secs(600);
