//! The transfers of a command line, one after the other over one handle.

use std::fs::{self, File};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wskhttp_client::{Body, Canceller, Device, Request, Response, TlsOptions, certificates, exit};

use super::Open;
use super::args::Transfer;
use super::cookies::Cookies;
use super::data::Payload;
use super::failure::Failure;
use super::output::Output;
use super::progress::{Counted, Progress};
use super::range::End;
use super::report::{Report, head_text, request_lines, response_lines};
use super::resume::{Part, Resume, save_tag};
use super::{headers, policy, tls, url};

/// Runs the transfers; gives the exit code of the last one.
pub(crate) fn run(args: &Transfer, payload: &Payload, open: Open<'_>) -> Result<u8, Failure> {
    if args.urls.is_empty() {
        return Err(Failure::usage("no URL"));
    }
    if !args.upload.is_empty() && payload.body.is_some() {
        return Err(Failure::usage("both -T and -d or -F"));
    }
    let roots = match args.cacert.as_ref().or(args.add_cacert.as_ref()) {
        None => None,
        Some(file) => {
            let name = file.display().to_string();
            let bytes = fs::read(file).map_err(|error| {
                Failure::new(exit::CACERT, format!("cannot read {name}: {error}"))
            })?;
            Some(certificates(&bytes)?)
        }
    };
    let tls = tls::options(args)?;
    let cookies = Cookies::new(args);
    let mut device = open()?;
    let canceller = watch_interrupt(&device)?;
    let mut code = 0;
    for n in 0..args.urls.len() {
        let mut one = One {
            args,
            payload,
            cookies: &cookies,
            roots: roots.as_deref(),
            tls: &tls,
            n,
            report: Report::default(),
            headers: Vec::new(),
            resume: Resume::default(),
        };
        let mut result = one.transfer(&mut device);
        if canceller.is_canceled() {
            result = Err(Failure::interrupted());
        }
        code = one.conclude(result);
        if code == exit::INTERRUPTED {
            break;
        }
    }
    cookies.save(&mut device)?;
    Ok(code)
}

/// One transfer, and what is known about it.
struct One<'a> {
    args: &'a Transfer,
    payload: &'a Payload,
    cookies: &'a Cookies,
    roots: Option<&'a [u8]>,
    tls: &'a TlsOptions,
    n: usize,
    report: Report,
    headers: Vec<(String, String)>,
    resume: Resume,
}

impl One<'_> {
    fn transfer(&mut self, device: &mut Device) -> Result<(), Failure> {
        let upload = self.args.upload.get(self.n).map(String::as_str);
        self.report.url = url::complete(&self.args.urls[self.n])?;
        if let Some(query) = &self.payload.query {
            url::add_query(&mut self.report.url, query);
        }
        if let Some(file) = upload.filter(|file| *file != "-")
            && self.report.url.ends_with('/')
        {
            let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
            self.report.url.push_str(name);
        }
        self.report.method = match &self.args.request {
            Some(method) => method.clone(),
            None if self.args.head => "HEAD".into(),
            None if upload.is_some() => "PUT".into(),
            None if self.payload.body.is_some() => "POST".into(),
            None => "GET".into(),
        };
        self.headers = headers::merged(&self.usual_headers(), &self.args.headers)?;
        let name = self.output_name()?.map(str::to_owned);
        let name = name.as_deref();
        self.resume = Resume::new(self.args, name, &self.headers)?;
        let mut output = match self.resume.from {
            0 => Output::new(name),
            _ => Output::behind(name),
        };
        self.headers.extend(self.resume.headers(self.args));
        let mut progress = Progress::new(
            self.args.silent,
            self.args.progress_bar,
            output.is_terminal(),
        );
        if self.args.verbose {
            request_lines(&self.report, &self.headers);
        }
        let start = Instant::now();
        let result = self.exchange(device, upload, &mut output, &mut progress);
        self.report.total = start.elapsed();
        result
    }

    fn exchange(
        &mut self,
        device: &mut Device,
        upload: Option<&str>,
        output: &mut Output,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut sent = 0;
        let request = self.request()?;
        let request = match (upload, &self.payload.body) {
            (Some(file), _) => {
                let (reader, length) = open_upload(file)?;
                progress.restart(length);
                let reader = Box::new(Counted {
                    reader,
                    progress,
                    sent: &mut sent,
                });
                request.body(Body::Reader { reader, length })
            }
            (None, Some(data)) => {
                sent = u64::try_from(data.len()).unwrap_or_default();
                request.body(Body::Bytes(data.clone()))
            }
            (None, None) => request,
        };
        let error = match device.send(request) {
            Ok(response) => {
                self.report.sent = sent;
                return self.receive(response, output, progress);
            }
            Err(error) => error,
        };
        self.report.sent = sent;
        if self.tls.keeps_peer() {
            // The certificates of a server that was refused; the error counts.
            self.report.certificates = device.peer_certificates().unwrap_or_default();
        }
        Err(error.into())
    }

    fn request<'b>(&self) -> Result<Request<'b>, Failure> {
        let mut request = Request::new(&self.report.method, &self.report.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(roots) = self.roots {
            request = request.root_certificates(roots)?;
        }
        if let Some(timeout) = self.args.connect_timeout {
            request = request.connect_timeout(timeout);
        }
        if let Some(timeout) = self.args.max_time {
            request = request.timeout(timeout);
        }
        let mut options = policy::options(self.args)?;
        if let Some(jar) = &self.cookies.jar {
            // The driver has them after the first request.
            options = options.cookies(if self.n == 0 { jar } else { "" });
        }
        request = request.options(options).tls(self.tls.clone());
        if self.args.no_keepalive {
            request = request.no_reuse();
        }
        Ok(request)
    }

    fn receive(
        &mut self,
        mut response: Response<'_>,
        output: &mut Output,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let head = response.head().clone();
        self.report.certificates = match head.tls {
            Some(_) if self.tls.keeps_peer() => response.peer_certificates()?,
            _ => Vec::new(),
        };
        if self.args.verbose {
            response_lines(&head);
        }
        progress.restart(head.content_length);
        let status = head.status;
        let part = match self.resume.check(&head) {
            Ok(Part::Nothing) => Ok(Part::Nothing),
            _ if self.args.fail && status >= 400 => Err(http_failure(status)),
            other => other.and_then(|part| output.fit(part)),
        };
        if let (Ok(_), Some(file)) = (&part, &self.args.etag_save) {
            save_tag(file, &head)?;
        }
        let part = match part {
            Ok(Part::Nothing) | Err(_) => {
                self.report.head = Some(head);
                return part.map(drop);
            }
            Ok(part) => part,
        };
        if self.args.include || self.args.head {
            output.write(head_text(&head).as_bytes())?;
        }
        self.report.head = Some(head);
        let mut end = End::new(part, self.report.method == "HEAD");
        loop {
            let chunk = response.chunk()?;
            if chunk.is_empty() {
                break;
            }
            end.pass(chunk.len())?;
            output.write(chunk)?;
            progress.add(chunk.len());
            self.report.received += u64::try_from(chunk.len()).unwrap_or_default();
        }
        progress.finish();
        output.finish()?;
        end.reached()?;
        match self.args.fail_with_body && status >= 400 {
            true => Err(http_failure(status)),
            false => Ok(()),
        }
    }

    /// Says how it ended, and gives the exit code.
    fn conclude(&mut self, result: Result<(), Failure>) -> u8 {
        if self.args.verbose && self.report.head.is_some() {
            self.report.times();
        }
        if let Err(failure) = result {
            if !self.args.silent || self.args.show_error {
                eprintln!("{failure}");
            }
            self.report.exit_code = failure.code;
            self.report.error = failure.text;
        }
        if let Some(format) = &self.args.write_out {
            let mut stdout = Output::new(None);
            let text = self.report.write_out(format);
            if let Err(failure) = stdout.write(text.as_bytes()).and_then(|()| stdout.finish()) {
                eprintln!("{failure}");
            }
        }
        self.report.exit_code
    }

    fn usual_headers(&self) -> Vec<(&str, &str)> {
        let agent = self.args.user_agent.as_deref().unwrap_or(AGENT);
        let json = !self.args.json.is_empty();
        let accept = if json { "application/json" } else { "*/*" };
        let mut headers = vec![("User-Agent", agent), ("Accept", accept)];
        if let Some(cookies) = &self.cookies.header {
            headers.push(("Cookie", cookies));
        }
        if let Some(referer) = &self.args.referer {
            headers.push(("Referer", referer));
        }
        if let Some(kind) = &self.payload.content_type {
            headers.push(("Content-Type", kind));
        }
        headers
    }

    fn output_name(&self) -> Result<Option<&str>, Failure> {
        if let Some(name) = self.args.output.get(self.n) {
            return Ok(Some(name));
        }
        if !self.args.remote_name {
            return Ok(None);
        }
        url::file_name(&self.report.url).map(Some).ok_or_else(|| {
            let text = "-O, but the URL does not end in a file name";
            Failure::new(exit::WRITE, text)
        })
    }
}

fn http_failure(status: u16) -> Failure {
    Failure::new(exit::HTTP, format!("the server answered {status}"))
}

fn open_upload(file: &str) -> Result<(Box<dyn io::Read>, Option<u64>), Failure> {
    if file == "-" {
        return Ok((Box::new(io::stdin()), None));
    }
    let unreadable = |error: io::Error| Failure::read(file, &error);
    let source = File::open(file).map_err(unreadable)?;
    let metadata = source.metadata().map_err(unreadable)?;
    let length = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(source), length))
}

/// Ctrl-C cancels the request of the command that runs; if that does not end the program soon, ends it.
fn watch_interrupt(device: &Device) -> Result<Canceller, Failure> {
    let canceller = device.canceller();
    if running().replace(canceller.clone()).is_some() {
        return Ok(canceller);
    }
    ctrlc::set_handler(|| {
        if let Some(canceller) = running().clone() {
            canceller.cancel();
        }
        std::thread::sleep(PATIENCE);
        std::process::exit(exit::INTERRUPTED.into());
    })
    .map_err(|error| Failure::usage(format!("cannot watch for Ctrl-C: {error}")))?;
    Ok(canceller)
}

/// Cancels the command that runs; a process that calls [`super::run`] may have had others before.
fn running() -> MutexGuard<'static, Option<Canceller>> {
    static RUNNING: Mutex<Option<Canceller>> = Mutex::new(None);
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

const AGENT: &str = concat!("wskhttp/", env!("CARGO_PKG_VERSION"));
/// How long a canceled transfer may take to end.
const PATIENCE: Duration = Duration::from_secs(5);
