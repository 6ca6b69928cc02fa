//! The crypto set `cng` for the tests of `wskhttp-tls`: the driver's way to CNG, and behind it the
//! BCrypt functions of `wskhttp-ntsim`.

use std::sync::OnceLock;

use wskhttp_core::crypto::{Primitive, System};
use wskhttp_core::io::Error;
use wskhttp_core::nt::cng::{Cng, OpenCng};
use wskhttp_core::nt::irql::Passive;
use wskhttp_ntsim as _;
use wskhttp_tls::Platform;
use wskhttp_tls::crypto::{Set, cng};

/// The set, of which CNG has everything that it may have.
///
/// # Errors
/// None.
///
/// # Panics
/// Something is missing.
pub fn set(platform: &'static Platform) -> Result<Set, Error> {
    open();
    cng::auto::<Cng>(platform)
}

/// Makes [`Cng`] usable.
///
/// # Panics
/// Something is missing.
pub fn open() {
    static OPEN: OnceLock<OpenCng> = OnceLock::new();
    let open = OPEN.get_or_init(|| {
        // SAFETY: this is no kernel.
        let passive = unsafe { Passive::assume() };
        Cng::open(passive, cng::works::<Cng>)
    });
    assert_eq!(open.missing(), 0, "what CNG lacks");
    assert!(Primitive::ALL.into_iter().all(Cng::has));
}
