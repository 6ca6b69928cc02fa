//! Create, bind and connect: rules 35 to 47.

use wskhttp_core::wsk::sys::*;

use crate::client::*;

mutants! {
    a_datagram_as_connection breaks WSK_37 {
        start_create_as(&capture(), new_irp(), 2, 17);
    }
    binds_with_flags breaks WSK_42 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        let mut any = SOCKADDR_IN::ANY;
        table(socket).WskBind.expect("there")(socket, (&raw mut any).cast(), 1, irp);
    }
    binds_to_another_family breaks WSK_42 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        reuse(irp);
        let mut any = SOCKADDR_IN6::ANY;
        table(socket).WskBind.expect("there")(socket, (&raw mut any).cast(), 0, irp);
    }
    connects_unbound breaks WSK_42 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        connect(socket, irp);
    }
    connects_with_flags breaks WSK_44 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        bind(socket, irp);
        reuse(irp);
        let mut address = server();
        table(socket).WskConnect.expect("there")(socket, (&raw mut address).cast(), 1, irp);
    }
    connects_to_another_family breaks WSK_44 {
        let irp = new_irp();
        let socket = create(&capture(), irp);
        bind(socket, irp);
        reuse(irp);
        let mut address = SOCKADDR_IN6::ANY;
        table(socket).WskConnect.expect("there")(socket, (&raw mut address).cast(), 0, irp);
    }
}
