//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// HTTP and HTTPS from the Windows kernel: what curl does, done by the driver wskhttp.sys.
#[derive(Debug, Parser)]
#[command(
    name = "wskhttp",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Exit codes are curl's; 2 also means that the driver is not installed or cannot be used."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) transfer: Transfer,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Install the driver, or update it (administrator)
    Install {
        /// The driver's INF; default: wskhttp.inf next to this program
        #[arg(long, value_name = "FILE")]
        inf: Option<PathBuf>,
    },
    /// Remove the driver (administrator)
    Uninstall,
    /// Print the driver's counters, one `name: value` a line
    Status,
    /// Start the driver (administrator)
    Start {
        /// The driver's INF, used if its device is gone; default: wskhttp.inf next to this program
        #[arg(long, value_name = "FILE")]
        inf: Option<PathBuf>,
    },
    /// Stop the driver (administrator)
    Stop,
}

#[derive(Args, Debug, Default)]
pub(crate) struct Transfer {
    /// What to get; several share a connection. Without a scheme, http:// is meant
    #[arg(value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Method to use
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) request: Option<String>,
    /// Add a header; `Name:` removes one that would be sent, `Name;` sends it empty
    #[arg(short = 'H', long = "header", value_name = "LINE")]
    pub(crate) headers: Vec<String>,
    /// POST this; @FILE sends a file without its line ends, @- standard input; several are joined by &
    #[arg(short, long, value_name = "DATA", allow_hyphen_values = true)]
    pub(crate) data: Vec<String>,
    /// Like --data, but a file is sent as it is
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    pub(crate) data_binary: Vec<String>,
    /// Like --data, but @ means nothing
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    pub(crate) data_raw: Vec<String>,
    /// Like --data, but percent-encoded: `text`, `name=text`, `name@FILE`
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    pub(crate) data_urlencode: Vec<String>,
    /// POST this as JSON; @FILE and @- as with --data-binary
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    pub(crate) json: Vec<String>,
    /// Put the data into the URL's query, and GET
    #[arg(short = 'G', long)]
    pub(crate) get: bool,
    /// POST a form (multipart): `name=text`, `name=@FILE`, `name=<FILE`; `;type=` and `;filename=` behind
    #[arg(short = 'F', long, value_name = "FIELD")]
    pub(crate) form: Vec<String>,
    /// Like --form, but the text means nothing
    #[arg(long, value_name = "FIELD")]
    pub(crate) form_string: Vec<String>,
    /// PUT this file; - sends standard input, chunked. One for each URL
    #[arg(short = 'T', long = "upload-file", value_name = "FILE")]
    pub(crate) upload: Vec<String>,
    /// Write the body here. One for each URL
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<String>,
    /// Write the body to a file named like the end of the URL
    #[arg(short = 'O', long)]
    pub(crate) remote_name: bool,
    /// Tell what is going on
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Get the head only
    #[arg(short = 'I', long)]
    pub(crate) head: bool,
    /// Write the head before the body
    #[arg(short, long)]
    pub(crate) include: bool,
    /// No progress bar and no error messages
    #[arg(short, long)]
    pub(crate) silent: bool,
    /// Error messages in spite of --silent
    #[arg(short = 'S', long)]
    pub(crate) show_error: bool,
    /// A progress bar even where it would not be shown
    #[arg(short = '#', long)]
    pub(crate) progress_bar: bool,
    /// Fail, and write no body, when the status is 400 or more
    #[arg(short, long)]
    pub(crate) fail: bool,
    /// Fail when the status is 400 or more, but write the body
    #[arg(long)]
    pub(crate) fail_with_body: bool,
    /// Trust the CA certificates in this PEM or DER file, and no others
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Trust the CA certificates in this PEM or DER file besides the driver's own
    #[arg(long, value_name = "FILE", conflicts_with = "cacert")]
    pub(crate) add_cacert: Option<PathBuf>,
    /// Want one of these keys in the server's chain: sha256//BASE64;sha256//BASE64
    #[arg(long, value_name = "HASHES")]
    pub(crate) pinnedpubkey: Option<String>,
    /// Look certificates up in the revocation lists of this PEM or DER file
    #[arg(long, value_name = "FILE")]
    pub(crate) crlfile: Option<PathBuf>,
    /// What the lists are for: to refuse what is on them, or what they do not tell of, too
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub(crate) crl_mode: CrlMode,
    /// Want a good OCSP response stapled to the server's certificate
    #[arg(long)]
    pub(crate) cert_status: bool,
    /// Offer these groups for the key exchange, best first: X25519MLKEM768:X25519:P-256:P-384
    #[arg(long, value_name = "LIST")]
    pub(crate) curves: Option<String>,
    /// Client certificate, a PEM or DER file; a PEM file may hold the key, too
    #[arg(short = 'E', long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// The client certificate's private key, PKCS#8 in a PEM or DER file
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// TLS 1.2 or newer
    #[arg(long = "tlsv1.2")]
    pub(crate) tlsv1_2: bool,
    /// TLS 1.3
    #[arg(long = "tlsv1.3")]
    pub(crate) tlsv1_3: bool,
    /// The newest version of TLS
    #[arg(long, value_name = "VERSION", value_enum)]
    pub(crate) tls_max: Option<Version>,
    /// Most seconds for name resolution, connection and TLS
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) connect_timeout: Option<Duration>,
    /// Most seconds for a whole transfer
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) max_time: Option<Duration>,
    /// Follow redirects
    #[arg(short = 'L', long)]
    pub(crate) location: bool,
    /// Most redirects to follow; default: 50
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_redirs: Option<u32>,
    /// Ask for a compressed response, and decompress it
    #[arg(long)]
    pub(crate) compressed: bool,
    /// Use this proxy, or these: `host:port`, or `http=host:port;https=host:port`
    #[arg(short = 'x', long, value_name = "LIST")]
    pub(crate) proxy: Option<String>,
    /// What the proxy is told: user:password
    #[arg(short = 'U', long, value_name = "USER:PASSWORD")]
    pub(crate) proxy_user: Option<String>,
    /// Tell the proxy this token
    #[arg(long, value_name = "TOKEN", conflicts_with = "proxy_user")]
    pub(crate) proxy_bearer: Option<String>,
    /// Hosts to reach without a proxy, separated by commas; * for all, also without the machine's
    #[arg(long, value_name = "LIST")]
    pub(crate) noproxy: Option<String>,
    /// What the server is told: user:password
    #[arg(short, long, value_name = "USER:PASSWORD")]
    pub(crate) user: Option<String>,
    /// Do not send --user, but a digest of it if the server asks
    #[arg(long)]
    pub(crate) digest: bool,
    /// Tell the server this token
    #[arg(long, value_name = "TOKEN")]
    pub(crate) oauth2_bearer: Option<String>,
    /// Try so many times more when it may help
    #[arg(long, value_name = "COUNT")]
    pub(crate) retry: Option<u32>,
    /// Begin no try later than so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) retry_max_time: Option<Duration>,
    /// Get what is behind so many bytes; - means what the file lacks
    #[arg(short = 'C', long, value_name = "BYTES")]
    pub(crate) continue_at: Option<String>,
    /// Keep the response's entity tag in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) etag_save: Option<String>,
    /// Get it only if its entity tag is another one than this file has; with -C: the rest only if it is
    /// the same, else all anew
    #[arg(long, value_name = "FILE")]
    pub(crate) etag_compare: Option<String>,
    /// Get these bytes, such as 0-99 or -500
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    /// Give up when fewer bytes a second arrive
    #[arg(short = 'Y', long, value_name = "BYTES")]
    pub(crate) speed_limit: Option<u32>,
    /// ... over so many seconds; default: 30
    #[arg(short = 'y', long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) speed_time: Option<Duration>,
    /// Let the body wait so many seconds for the server to ask for it
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) expect100_timeout: Option<Duration>,
    /// Send these cookies: `name=value; name=value`; or those of a file, and those that come
    #[arg(short = 'b', long, value_name = "DATA|FILE")]
    pub(crate) cookie: Option<String>,
    /// Keep cookies, and write them here in the end; - means standard output
    #[arg(short = 'c', long, value_name = "FILE")]
    pub(crate) cookie_jar: Option<String>,
    /// Check the body against what the server says of it, or against a SHA-256 in hexadecimal digits
    #[arg(long, value_name = "SHA256", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) check_digest: Option<String>,
    /// Value of the Referer header
    #[arg(short = 'e', long, value_name = "URL")]
    pub(crate) referer: Option<String>,
    /// Value of the User-Agent header
    #[arg(short = 'A', long, value_name = "NAME")]
    pub(crate) user_agent: Option<String>,
    /// Do not reuse connections
    #[arg(long)]
    pub(crate) no_keepalive: bool,
    /// Write this afterwards: %{http_code}, %{time_total}, ..., \n
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) write_out: Option<String>,
}

/// What revocation lists are for.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum CrlMode {
    /// What is on a list is refused.
    Soft,
    /// And what no list tells of.
    #[default]
    Hard,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Version {
    /// The driver's newest.
    Default,
    /// TLS 1.2.
    #[value(name = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[value(name = "1.3")]
    Tls13,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command};
    use clap::{CommandFactory, Parser};
    use std::time::Duration;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn curls_options_are_understood() {
        let line =
            "wskhttp -sSfvi -X PATCH -H A:b -H c;d -d -x -d @f -o out --cacert ca.pem -m 1.5 u v";
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let transfer = cli.transfer;
        assert!(transfer.silent && transfer.show_error && transfer.fail);
        assert!(transfer.verbose && transfer.include && !transfer.head);
        assert_eq!(transfer.request.as_deref(), Some("PATCH"));
        assert_eq!(transfer.headers, ["A:b", "c;d"]);
        assert_eq!(transfer.data, ["-x", "@f"]);
        assert_eq!(transfer.max_time, Some(Duration::from_millis(1500)));
        assert_eq!(transfer.urls, ["u", "v"]);
    }

    #[test]
    fn subcommands_are_no_urls() {
        let cli = Cli::try_parse_from(["wskhttp", "install", "--inf", "a.inf"]).unwrap();
        assert!(matches!(
            cli.command,
            Some(Command::Install { inf: Some(_) })
        ));
        assert!(Cli::try_parse_from(["wskhttp", "-m", "-1", "u"]).is_err());
        assert!(Cli::try_parse_from(["wskhttp", "--insecure", "u"]).is_err());
    }
}
