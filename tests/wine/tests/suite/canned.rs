//! A server of a few lines, for answers that ordinary servers do not give.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Answers each request head with what `answer` makes of it, until that gives false.
pub(crate) struct Canned {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// Starts it. `answer` gets the head and how many came before, and writes; false closes.
    pub(crate) fn start(
        answer: impl Fn(&str, usize, &mut TcpStream) -> io::Result<bool> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&heads), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                // A client that goes away ends it; there is nobody to tell.
                thread::spawn(move || serve(stream, &log, &*answer).ok());
            }
        });
        Ok(Self { port, heads })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str, usize, &mut TcpStream) -> io::Result<bool>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let count = {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push(head.clone());
            log.len() - 1
        };
        if !answer(&head, count, &mut stream)? {
            // Closed with unread bytes, the connection would be reset, and the answer lost.
            stream.shutdown(Shutdown::Write)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            io::copy(&mut stream, &mut io::sink())?;
            return Ok(());
        }
        stream.flush()?;
    }
}

/// How long a client may take to follow a close.
const PATIENCE: Duration = Duration::from_secs(60);
