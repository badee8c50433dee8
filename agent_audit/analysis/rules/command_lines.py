"""What an operator wants to know of in a command line, as patterns for RE2, Java and PostgreSQL.

None has `\\b` or looks around. They are after MITRE ATT&CK (Enterprise), GTFOBins and the rules of Falco and Sigma;
each stands for what a command does, not for who would run it; `commands.py` says in words what. They are searched in
arguments that `one_line` has made into one line: what is between quotes, commas and line breaks of JSON stands there
between blanks.
"""

from __future__ import annotations

_S = r"(^|[^a-zA-Z0-9_.-])"
"""Before a command: not in the midst of a name."""
_E = r" ?($|[;|&)}<>]|\])"
"""Behind a command's last argument."""
_ARGS = r"([^;|&]|&[^ &])*"
"""Arguments: a URL may have `&`."""
_SH = r"(ba|z|da|k|fi)?sh"
_INTERPRETER = r"(python[0-9.]*|perl|ruby|node|php)"
_RUN = rf"(sudo (-[a-zA-Z]+ )*)?(env )?(/[a-z/]*/)?({_SH}( |$|[;|&)}}])|{_INTERPRETER}( -)?{_E}|iex|Invoke-Expression)"
_FETCH = r"(curl|wget|aria2c|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)"
_READ = r"(cat|less|more|head|tail|grep|awk|strings|xxd|od|base64|source|tar|zip|gzip|openssl)"
_WRITE = r"(>|tee|cp|mv|ln|sed -i|install|dd)"

_TOPS = r"/|~/?|\$HOME/?|/(home|root|etc|var|opt|srv|Users)/?"
_SECRET_NAME = (
    r"(\.aws|\.azure|gcloud|\.oci|\.gnupg|\.ssh|\.kube|\.netrc|\.pgpass|id_(rsa|dsa|ecdsa|ed25519)|\.pem|\.p12|\.pfx"
    r"|\.kdbx|\.ovpn|[cC]redentials?|shadow|\.env)($|[^a-zA-Z0-9_-])"
)
_WATCHER = r"(auditd|r?syslog|systemd-journald|falco|osqueryd?|falcon-sensor|wazuh-agent)"
_ROOTS = r"(/|/\*|~/?|\$HOME/?|\*|\.\*?|/(etc|home|usr|var|boot|lib)/?\*?)"

SECRET_FILE = (
    r"(/etc/(shadow|gshadow|sudoers)|\.ssh/(id_[a-z0-9_]+|[a-zA-Z0-9_.-]+\.pem)|\.aws/credentials|\.netrc|\.pgpass"
    r"|\.my\.cnf|\.git-credentials|\.docker/config\.json|\.kube/config|/etc/kubernetes/admin\.conf"
    r"|/run/secrets/kubernetes\.io[a-zA-Z0-9_/.-]*|gcloud/(application_default_credentials\.json|credentials\.db)"
    r"|\.azure/(accessTokens|msal_token_cache)|\.gnupg/(private-keys|secring)|\.vault-token|\.config/gh/hosts\.yml"
    r"|\.mozilla/firefox/[^ ]*logins\.json|/Login Data|login\.keychain|/proc/(self|[0-9]+)/environ)"
    r"($|[^a-zA-Z0-9_.-])"
)
"""Where programs keep passwords, tokens and private keys (T1552.001, T1552.004, T1003.008, T1555)."""

DOT_ENV = r"\.env(\.(local|prod|production|staging))?($|[^a-zA-Z0-9_.-])"
"""Settings of a program, more often than not with its secrets."""

STARTUP_FILE = (
    r"(\.ssh/authorized_keys|/etc/(cron|systemd/system|profile|ld\.so\.preload|pam\.d|sudoers|init\.d|rc\.(d|local)|passwd)"
    r"|/var/spool/cron|\.(bashrc|bash_profile|zshrc|zprofile|profile)($|[^a-zA-Z0-9_.-])|\.config/(autostart|systemd)"
    r"|\.git/hooks/|Library/LaunchAgents|sitecustomize\.py)"
)
"""What is run, or let in, later, by somebody else (T1098.004, T1053.003, T1543, T1546.004)."""

SENDS = "|".join(
    (
        rf"{_S}curl ({_ARGS} )?(-T |--upload-file|[^ ]*=@[^ ]|@[^ ]|-[dF]@)",
        rf"{_S}wget {_ARGS}--(post|body)-file",
        rf"{_S}(curl|wget|dig|nslookup|ping) {_ARGS}(\$\(|`) ?({_READ}|env|printenv|whoami)( |\))",
        r"\| ?(curl|nc|ncat|netcat|socat|telnet|ssh|mailx?|mutt|sendmail) ",
        rf"{_S}(nc|ncat|netcat) {_ARGS}[^<]< ?[^ <]",
        rf"{_S}(scp|rsync|sftp) {_ARGS}[^ :]+:[^ :]*{_E}",
    )
)
"""T1041, T1048, T1567."""

RUNS_WHAT_IT_FETCHED = "|".join(
    (
        rf"{_S}{_FETCH} [^;]*\| ?{_RUN}",
        rf"{_S}{_SH} (-[a-z]+ )?(<|\$)\( ?{_FETCH} ",
        rf"{_S}(eval|source) [^;|&]*\( ?{_FETCH} ",
        rf"{_S}(iex|IEX|Invoke-Expression) ?\(.*(iwr|irm|Invoke-WebRequest|DownloadString)",
        rf"{_S}base64 (-d|-D|--decode)[^;]*\| ?{_RUN}",
        r"exec\( ?(requests\.get|urllib|urlopen)",
    )
)
"""T1105, T1059, T1140."""

READS_CREDENTIALS = "|".join(
    (
        SECRET_FILE,
        rf"{_S}{_READ} ({_ARGS}[ /=@])?{DOT_ENV}",
        rf"[@<] ?([^ ]*/)?{DOT_ENV}",
        rf"(open|read_text|readFile|readFileSync|Path)\( ?([^ )]*/)?{DOT_ENV}",
        rf"{_S}printenv( |{_E})",
        rf"{_S}env ?(\||>)",
        r"(print|dumps|dict|str|list|sorted)\( ?(dict\( ?)?os\.environ( ?\)|\.items)",
        r"JSON\.stringify\( ?process\.env ?\)",
        rf"{_S}(find|locate|mdfind) {_ARGS}{_SECRET_NAME}",
        rf"{_S}(e?grep|rg|findstr) {_ARGS}(pass|secret|token|api.?key|BEGIN)[^;|&]* ({_TOPS}){_E}",
        rf"{_S}(echo|printf) [^;|&]*\$\{{?[A-Z0-9_]*(KEY|TOKEN|SECRET|PASSWORD|PASSWD)\}}?[^;|&A-Z0-9_]*($|[;&}}>])",
        rf"{_S}kubectl {_ARGS}get secrets? {_ARGS}-o",
        r"169\.254\.169\.254|metadata\.google\.internal",
        rf"{_S}security (find-generic-password|find-internet-password|dump-keychain)",
    )
)
"""T1552, T1003, T1555."""

STAYS = "|".join(
    (
        rf"{_WRITE} ?([^;|&]*[ /=~])?({STARTUP_FILE})",
        rf"{_S}crontab (-u [^ ]+ )?(-($| |[er)}}|;])|[^-])",
        rf"{_S}(useradd|adduser|usermod|New-LocalUser|net user {_ARGS}/add|dscl \. -create) ",
        rf"{_S}(visudo|setcap|update-rc\.d) ",
        rf"{_S}(systemctl {_ARGS}enable|launchctl (load|bootstrap)|schtasks {_ARGS}/create) ",
        rf"{_S}chmod {_ARGS}([ugoa]*\+[rwx]*s|[0-7]?[4-7][0-7][0-7][0-7]) ",
    )
)
"""T1098, T1053, T1543, T1546, T1136, T1548.001."""

HIDES = "|".join(
    (
        rf"{_S}(history -c|set \+o history)|HISTFILE= ?(/dev/null|;|$)|{_S}unset HISTFILE|HISTSIZE=0",
        rf"({_S}(s?rm|shred|truncate|unlink|ln -[a-z]+ /dev/null) |>|of=)[^;|&]*"
        r"(/var/(log|audit)/|\.(bash|zsh)_history|/wtmp|agent-audit-log)",
        rf"{_S}find /var/(log|audit)[^;|&]*(-delete|-exec)|{_S}journalctl --vacuum|{_S}log erase",
        rf"{_S}(auditctl -[eD]|setenforce 0|ufw disable|iptables (-F|--flush)|wevtutil cl|Clear-EventLog)",
        rf"{_S}(systemctl|service) {_ARGS}(stop|disable|mask) {_ARGS}{_WATCHER}",
        r"Set-MpPreference [^;|&]*-Disable",
        rf"{_S}agent-audit-log (prune|hold|rotate-key)",
    )
)
"""T1070, T1562."""

DESTROYS = "|".join(
    (
        rf"{_S}rm (-[a-zA-Z-]+ )*-[a-zA-Z]*[rR][a-zA-Z]* (-[a-zA-Z-]+ )*{_ROOTS}{_E}",
        r"--no-preserve-root",
        rf"{_S}(mkfs(\.[a-z0-9]+)?|wipefs|Format-Volume) ",
        r"(of=|> ?)/dev/(sd|nvme|vd|xvd|disk|hd)",
        r":\(\) ?\{ ?:",
        rf"{_S}([dD][rR][oO][pP] ([tT][aA][bB][lL][eE]|[dD][aA][tT][aA][bB][aA][sS][eE]|[sS][cC][hH][eE][mM][aA])"
        r"|[tT][rR][uU][nN][cC][aA][tT][eE] [tT][aA][bB][lL][eE]) ",
        rf"{_S}[dD][eE][lL][eE][tT][eE] [fF][rR][oO][mM] [^ ;]+{_E}",
        rf"{_S}git push {_ARGS}(--force|-f)( |{_E})",
        rf"{_S}(terraform|tofu|pulumi) {_ARGS}destroy|{_S}kubectl {_ARGS}delete (ns|namespace|pvc|pv|crd)|{_S}dropdb ",
        rf"{_S}aws s3 (rb {_ARGS}--force|rm {_ARGS}--recursive)",
        rf"{_S}(vssadmin|gcloud|gsutil|az) {_ARGS}(delete|rb)( |{_E})|{_S}aws {_ARGS}(delete|terminate)-[a-z]",
    )
)
"""T1485, T1490, T1561."""

LETS_IN = "|".join(
    (
        r"/dev/(tcp|udp)/",
        rf"{_S}(nc|ncat|netcat) {_ARGS}-[a-z]*[ecl]",
        rf"{_S}socat {_ARGS}([eE][xX][eE][cC]|[sS][yY][sS][tT][eE][mM]|[tT][cC][pP][46]?-[lL][iI][sS][tT][eE][nN])",
        rf"{_S}ssh {_ARGS}-[fN]*R ",
        rf"{_S}(ngrok|cloudflared|chisel|frpc|bore|localtunnel) ",
        r"pty\.spawn",
    )
)
"""T1059, T1071, T1090, T1572."""
