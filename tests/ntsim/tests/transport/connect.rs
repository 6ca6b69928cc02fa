//! Making connections.

use std::io::{Read, Write};

use wskhttp_core::io::{Error, TransportExt};
use wskhttp_core::nt::process::Process;
use wskhttp_core::wsk::WskConnect;
use wskhttp_ntsim::{Profile, listen, socket_owners};

use super::program::{Driver, GRACEFUL, MINUTE, drive, each, receive, send};

#[test]
fn a_socket_belongs_to_the_process_that_the_connector_was_given() {
    each(20, &Profile::ALL, || {
        listen(80, drop);
        let program = async move |driver: Driver| {
            // SAFETY: the simulator's processes stay.
            let owner = unsafe { Process::reference(wskhttp_ntsim::process(7)) };
            let by = WskConnect::for_process(driver.wsk.clone(), owner);
            driver.connect_by(&by, "127.0.0.1", 80, MINUTE).await?;
            driver.connect(80).await.map(drop)
        };
        drive(program, |done| done.expect("connected"));
        assert_eq!(socket_owners(), [7, 0]);
    });
}

#[test]
fn data_goes_both_ways_and_ends_with_fin() {
    each(30, &GRACEFUL, || {
        listen(80, |mut stream| {
            let mut request = [0; 5000];
            stream.read_exact(&mut request).expect("a request");
            stream.write_all(&request).expect("room");
            stream.finish();
            let end = stream.read(&mut [0]).expect("no reset");
            assert_eq!(end, 0, "FIN at the end of a clean exchange");
        });
        let program = async |driver: Driver| {
            let mut transport = driver.connect(80).await?;
            send(&mut transport, &[7; 5000]).await?;
            let received = receive(&mut transport).await?;
            transport.close().await?;
            Ok::<_, Error>(received)
        };
        drive(program, |received| {
            assert_eq!(received.expect("an answer"), [7; 5000]);
        });
    });
}
