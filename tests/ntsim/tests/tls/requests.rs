//! What a request says of TLS.

use wskhttp_client::{Device, Group, Kind, Request, Revocation, Stapling, TlsOptions, TlsVersion};
use wskhttp_ntsim::registry::{self, BINARY, DWORD, SERVICE};

use crate::support::tls::{Kind as Server, papers, root};
use crate::{a_while, get, refused, with_device};

#[test]
fn pins() {
    with_device(Server::Plain, |device| {
        let right = TlsOptions::new().pin(papers().pin);
        get(device, right.clone()).expect("an answer");
        // A connection that was made without the pin is not taken for it.
        refused(
            get(device, TlsOptions::new().pin([7; 32])),
            Kind::PinMismatch,
        );
        get(device, TlsOptions::new().pin([7; 32]).pin(papers().pin)).expect("an answer");
        get(device, right).expect("an answer");
    });
}

#[test]
fn versions() {
    with_device(Server::Plain, |device| {
        get(device, TlsOptions::new().oldest(TlsVersion::Tls13)).expect("an answer");
        // The server speaks TLS 1.3 alone.
        let old = TlsOptions::new().newest(TlsVersion::Tls12);
        refused(get(device, old), Kind::TlsVersion);
        let none = TlsOptions::new()
            .oldest(TlsVersion::Tls13)
            .newest(TlsVersion::Tls12);
        refused(get(device, none), Kind::InvalidRequest);
    });
}

#[test]
fn roots_may_be_added() {
    with_device(Server::Plain, |device| {
        get(device, TlsOptions::new().add_roots()).expect("an answer");
        let request = Request::get("https://localhost/").tls(TlsOptions::new().add_roots());
        let error = device.send(request).map(|_| ()).expect_err("no root");
        assert_eq!(error.kind, Kind::UnknownIssuer);
    });
}

#[test]
fn revocation_lists() {
    with_device(Server::Plain, |device| {
        let with = |list: &[u8], mode| TlsOptions::new().revocation_lists(list, mode);
        for mode in [Revocation::Soft, Revocation::Hard] {
            get(device, with(&papers().clean_list, mode)).expect("an answer");
            refused(
                get(device, with(&papers().list, mode)),
                Kind::CertificateRevoked,
            );
            refused(get(device, with(b"none", mode)), Kind::InvalidRequest);
        }
        get(device, with(b"", Revocation::Soft)).expect("an answer");
        refused(
            get(device, with(b"", Revocation::Hard)),
            Kind::RevocationUnknown,
        );
    });
}

#[test]
fn revocation_of_the_machine_is_not_made_less() {
    with_device(Server::Plain, |device| {
        let with = |list: &[u8], mode| TlsOptions::new().revocation_lists(list, mode);
        let parameters = format!(r"{SERVICE}\Parameters");
        registry::set(&parameters, "Revocation", DWORD, &2_u32.to_le_bytes());
        refused(
            get(device, with(b"", Revocation::Soft)),
            Kind::RevocationUnknown,
        );
        get(device, with(&papers().clean_list, Revocation::Soft)).expect("an answer");
        let lists = format!(r"{parameters}\RevocationLists");
        registry::set(&lists, "ours", BINARY, &papers().list);
        for mode in [1_u32, 2] {
            registry::set(&parameters, "Revocation", DWORD, &mode.to_le_bytes());
            a_while();
            for list in [&papers().clean_list[..], b""] {
                for own in [Revocation::Soft, Revocation::Hard] {
                    refused(get(device, with(list, own)), Kind::CertificateRevoked);
                }
            }
            let none = with(b"none", Revocation::Soft);
            refused(get(device, none), Kind::InvalidRequest);
        }
    });
}

#[test]
fn stapled_responses() {
    let with = |mode| TlsOptions::new().stapling(mode);
    let (soft, hard) = (with(Stapling::Soft), with(Stapling::Hard));
    with_device(Server::Stapling, {
        let (soft, hard) = (soft.clone(), hard.clone());
        |device| {
            get(device, soft).expect("an answer");
            get(device, hard).expect("an answer");
        }
    });
    with_device(Server::Revoked, {
        let (soft, hard) = (soft.clone(), hard.clone());
        |device| {
            get(device, TlsOptions::new()).expect("nobody looks");
            refused(get(device, soft), Kind::CertificateRevoked);
            refused(get(device, hard), Kind::CertificateRevoked);
        }
    });
    with_device(Server::Plain, |device| {
        get(device, soft).expect("an answer");
        refused(get(device, hard), Kind::RevocationUnknown);
        // A request can ask for more than the registry does, and not for less.
        registry::set(
            &format!(r"{SERVICE}\Parameters"),
            "Stapling",
            DWORD,
            &2_u32.to_le_bytes(),
        );
        a_while();
        refused(get(device, TlsOptions::new()), Kind::RevocationUnknown);
        let soft = TlsOptions::new().stapling(Stapling::Soft);
        refused(get(device, soft), Kind::RevocationUnknown);
    });
}

#[test]
fn groups() {
    with_device(Server::Plain, |device| {
        for (group, number) in [
            (Group::Secp384r1, 24),
            (Group::Secp256r1, 23),
            (Group::X25519, 29),
            (Group::X25519MlKem768, 4588),
        ] {
            let tls = TlsOptions::new().group(group);
            assert_eq!(get(device, tls).expect("an answer").group, number);
        }
    });
}

#[test]
fn the_peers_certificates_are_kept_on_request() {
    with_device(Server::Plain, |device| {
        let keep = TlsOptions::new().keep_peer();
        assert_eq!(
            get(device, keep.clone()).expect("an answer").peer,
            papers().leaf
        );
        assert!(
            get(device, TlsOptions::new())
                .expect("an answer")
                .peer
                .is_empty()
        );
        let again = get(device, keep).expect("an answer");
        assert!(again.reused, "what is kept makes no other policy");
        assert_eq!(again.peer, papers().leaf);
    });
}

#[test]
fn sessions_are_resumed_within_a_handle() {
    with_device(Server::Resuming, |device| {
        let keep = TlsOptions::new().keep_peer();
        let fresh = |device: &mut Device| {
            let request = Request::get("https://localhost/")
                .root_certificates(&root())
                .expect("a root");
            let mut response = device
                .send(request.tls(keep.clone()).no_reuse())
                .expect("sent");
            let resumed = response.head().tls.expect("TLS").resumed;
            assert_eq!(response.peer_certificates().expect("kept"), papers().leaf);
            while !response.chunk().expect("a body").is_empty() {}
            resumed
        };
        assert!(!fresh(device));
        for _ in 0..3 {
            assert!(fresh(device));
        }
        // Another policy begins anew.
        let other = get(device, TlsOptions::new().pin(papers().pin)).expect("an answer");
        assert!(!other.resumed && !other.reused);
        device.abandon();
        assert!(!fresh(device), "another handle");
    });
}

#[test]
fn the_peer_of_a_failed_handshake() {
    with_device(Server::Plain, |device| {
        let fails = |device: &mut Device, tls| {
            let request = Request::get("https://localhost/").tls(tls);
            let error = device.send(request).map(|_| ()).expect_err("no root");
            assert_eq!(error.kind, Kind::UnknownIssuer);
            device.peer_certificates().expect("an answer")
        };
        let keep = TlsOptions::new().keep_peer();
        assert_eq!(fails(device, keep.clone()), papers().leaf);
        assert!(fails(device, TlsOptions::new()).is_empty());
        assert_eq!(
            fails(device, keep.pin(papers().pin).add_roots()),
            papers().leaf
        );
        get(device, TlsOptions::new()).expect("an answer");
        assert!(device.peer_certificates().expect("an answer").is_empty());
    });
}
