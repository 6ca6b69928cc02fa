//! Control codes.

use wskhttp_abi::{
    IOCTL_WSKHTTP_QUERY_COOKIES, IOCTL_WSKHTTP_QUERY_FAILURE, IOCTL_WSKHTTP_QUERY_PEER,
    IOCTL_WSKHTTP_QUERY_STATUS, IOCTL_WSKHTTP_RECEIVE_RESPONSE, IOCTL_WSKHTTP_SEND_REQUEST,
};

#[test]
fn codes_ask_for_access() {
    let mut functions = Vec::new();
    for code in [
        IOCTL_WSKHTTP_SEND_REQUEST,
        IOCTL_WSKHTTP_RECEIVE_RESPONSE,
        IOCTL_WSKHTTP_QUERY_FAILURE,
        IOCTL_WSKHTTP_QUERY_STATUS,
        IOCTL_WSKHTTP_QUERY_PEER,
        IOCTL_WSKHTTP_QUERY_COOKIES,
    ] {
        let (access, function, method) = (code >> 14 & 3, code >> 2 & 0xFFF, code & 3);
        assert_eq!(
            access, 3,
            "{code:#x}: FILE_READ_ACCESS and FILE_WRITE_ACCESS"
        );
        assert!(function >= 0x800, "{code:#x}: below are Microsoft's");
        assert_ne!(method, 3, "{code:#x}: METHOD_NEITHER");
        functions.push(function);
    }
    functions.sort_unstable();
    functions.dedup();
    assert_eq!(functions.len(), 6, "each has its own");
}
