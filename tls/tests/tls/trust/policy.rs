//! Which policies are the same.

use wskhttp_tls::{ClockPolicy, Policy, Revocation, Roots, Stapling, TlsConfig};

use crate::support::platform::{NOW, PLATFORM};

use super::root;

#[test]
fn policies_that_differ_are_not_equal() {
    let root = root();
    let base = Policy::new(Roots::Only(&root.der));
    let pins = [[1; 32]];
    let groups = [24];
    let policies = [
        base,
        Policy {
            pins: &pins,
            ..base
        },
        Policy {
            disallowed: &pins,
            ..base
        },
        Policy {
            disallowed_sha1: &[[1; 20]],
            ..base
        },
        Policy {
            disallowed_keys: &pins,
            ..base
        },
        Policy {
            intermediates: &root.der,
            ..base
        },
        Policy {
            identity_for: Some(("example.test", 443)),
            ..base
        },
        Policy {
            revocation: Revocation::Soft(b""),
            ..base
        },
        Policy {
            revocation: Revocation::Hard(b""),
            ..base
        },
        Policy {
            clock: ClockPolicy::Strict(NOW),
            ..base
        },
        Policy {
            clock: ClockPolicy::Floor(NOW),
            ..base
        },
        Policy {
            stapling: Stapling::Soft,
            ..base
        },
        Policy {
            stapling: Stapling::Hard,
            ..base
        },
        Policy {
            web_profile: true,
            ..base
        },
        Policy {
            max_intermediates: 1,
            ..base
        },
        Policy {
            protocol: wskhttp_tls::Protocol {
                groups: &groups,
                ..base.protocol
            },
            ..base
        },
        Policy {
            protocol: wskhttp_tls::Protocol {
                signatures: &[1027],
                ..base.protocol
            },
            ..base
        },
        Policy {
            protocol: wskhttp_tls::Protocol {
                applications: &[b"http/1.1", b"x"],
                ..base.protocol
            },
            ..base
        },
    ];
    let configs: Vec<_> = policies
        .iter()
        .map(|policy| TlsConfig::with_policy(&PLATFORM, policy).expect("a configuration"))
        .collect();
    for (i, one) in configs.iter().enumerate() {
        for (j, other) in configs.iter().enumerate() {
            assert_eq!(one == other, i == j, "{i} {j}");
        }
    }
    let again = TlsConfig::with_policy(&PLATFORM, &policies[1]).expect("a configuration");
    assert_eq!(again, configs[1]);
}
