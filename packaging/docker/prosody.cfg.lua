data_path = "/var/lib/prosody"
pidfile = "/tmp/prosody.pid"
log = { info = "*console" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "carbons", "pep", "blocklist", "vcard_legacy", "mam" }
modules_disabled = { "s2s" }
-- Hashed in the data folder; the password itself is in the volume of secrets.
authentication = "internal_hashed"
-- Of its own making, on first start: a client has to trust it once.
ssl = { key = "/var/lib/prosody/localhost.key", certificate = "/var/lib/prosody/localhost.crt" }
c2s_require_encryption = true
component_ports = { 5347 }
component_interfaces = { "*" }

VirtualHost "localhost"
Component "irc.localhost"
  component_secret = ENV_COMPONENT_SECRET
Component "matrix.localhost"
  component_secret = ENV_COMPONENT_SECRET
Component "mail.localhost"
  component_secret = ENV_COMPONENT_SECRET
