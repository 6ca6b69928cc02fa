//! Names: rules 86 to 91.

use std::ptr::null_mut;

use wskhttp_ntsim::at_irql;

use crate::client::*;

mutants! {
    frees_addresses_at_apc breaks WSK_86 {
        let npi = capture();
        let free = (*npi.Dispatch).WskFreeAddressInfo.expect("there");
        at_irql(1, || free(npi.Client, null_mut()));
    }
    frees_no_addresses breaks WSK_87 {
        let npi = capture();
        (*npi.Dispatch).WskFreeAddressInfo.expect("there")(npi.Client, null_mut());
    }
}
