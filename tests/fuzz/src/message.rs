//! Messages of callers: what comes with IOCTL_WSKHTTP_SEND_REQUEST.

use wskhttp_abi::Request;
use wskhttp_http::Url;

/// What is accepted can be looked at throughout, and is the same when it is written and read again.
pub fn message(data: &[u8]) {
    let Ok(request) = Request::parse(data) else {
        return;
    };
    let lines: usize = request
        .header_lines()
        .map(|(name, value)| name.len() + value.len() + 3)
        .sum();
    assert!(lines <= request.headers.len());
    let certificates: usize = request.certificates().map(<[u8]>::len).sum();
    assert_eq!(certificates, request.roots.len());
    // Whether it is a URL is for the driver to say.
    let _ = Url::parse(request.url);

    let length = request.encoded_length().expect("it came in a message");
    let mut copy = vec![0xaa; length];
    assert_eq!(request.write_to(&mut copy), Ok(length));
    assert_eq!(Request::parse(&copy), Ok(request));
    for short in 0..length.min(100) {
        assert!(Request::parse(&copy[..short]).is_err());
    }
}
