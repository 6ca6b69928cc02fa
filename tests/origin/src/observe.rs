//! A stream that notes in the log how the peer ended it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::log::{End, Page};

/// A connection, plain or under TLS.
pub(crate) struct Observed {
    stream: Stream,
    page: Page,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Observed {
    pub(crate) fn plain(stream: TcpStream, page: Page) -> Self {
        Self {
            stream: Stream::Plain(stream),
            page,
        }
    }

    pub(crate) fn tls(stream: TlsStream<TcpStream>, page: Page) -> Self {
        Self {
            stream: Stream::Tls(Box::new(stream)),
            page,
        }
    }

    pub(crate) fn page(&self) -> &Page {
        &self.page
    }

    /// The socket below TLS.
    pub(crate) fn tcp(&mut self) -> &mut TcpStream {
        match &mut self.stream {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_mut().0,
        }
    }

    fn note(&self, error: &io::Error) {
        self.page.end(match error.kind() {
            // rustls: FIN without close_notify.
            io::ErrorKind::UnexpectedEof => End::Fin,
            _ => End::Reset,
        });
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let room = buf.remaining() > 0;
        let (read, clean) = match &mut self.stream {
            Stream::Plain(tcp) => (Pin::new(tcp).poll_read(cx, buf), End::Fin),
            Stream::Tls(tls) => (Pin::new(tls).poll_read(cx, buf), End::CloseNotify),
        };
        match &read {
            Poll::Ready(Ok(())) if room && buf.filled().len() == before => self.page.end(clean),
            Poll::Ready(Err(error)) => self.note(error),
            _ => {}
        }
        read
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        };
        if let Poll::Ready(Err(error)) = &written {
            self.note(error);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(cx),
        };
        if let Poll::Ready(Err(error)) = &flushed {
            self.note(error);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
