//! Catches mail for tests in other languages: `smtp_catcher SMTP_HOST:PORT HTTP_HOST:PORT`.

use cds_testkit::Smtp;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let addresses: Vec<_> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let [smtp, http] = addresses[..] else {
        eprintln!("usage: smtp_catcher SMTP_ADDRESS:PORT HTTP_ADDRESS:PORT");
        return ExitCode::from(2);
    };
    match Smtp::listen(smtp, http).await {
        Ok(catcher) => {
            println!("smtp {} http {}", catcher.addr, catcher.http);
            std::future::pending::<()>().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("smtp_catcher: {error}");
            ExitCode::FAILURE
        }
    }
}
