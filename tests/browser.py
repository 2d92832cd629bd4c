#!/usr/bin/env python3
"""Looks at the status page with a real browser: it renders, refreshes, sorts, filters, and a machine
called <img onerror> stays text; also without JavaScript, in the dark, and on a phone.

    tests/browser.py BINARY [PICTURE]

Needs chromium and its driver (Debian: chromium chromium-driver); APT_INSTALL=1 installs them. PICTURE
is where to put the picture for the README."""

import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE = 60
PAYLOAD = 64 * 1024 * 1024
APP = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}"
EVIL = "<img src=x onerror=\"document.title='broken'\">"


def until(what, ask):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    sys.exit(f"WRONG: waited too long for {what}")


def right(condition, what):
    if not condition:
        sys.exit(f"WRONG: {what}")
    print(f"right: {what}")


class Server:
    def __init__(self, binary, scratch):
        with open(f"{scratch}/update.gz", "wb") as file:
            file.truncate(PAYLOAD)
        with open(f"{scratch}/expected", "w") as file:
            file.write("rack-1-node-9\n")
        ready = f"{scratch}/ready"
        self.process = subprocess.Popen(
            [binary, "--package-file", f"{scratch}/update.gz", "--package-version", "4152.2.0",
             "--listen-address", "127.0.0.1:0", "--ready-file", ready, "--status", "--skip-payload-check",
             "--expect", f"{scratch}/expected"], stderr=subprocess.DEVNULL)
        until("the ready file", lambda: os.path.exists(ready))
        with open(ready) as file:
            self.url = "http://" + file.read().strip()

    def send(self, number, alias, inside, version="4081.2.0"):
        """Sends an update request."""
        escaped = alias.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        body = (f'<request protocol="3.0"><app appid="{APP}" version="{version}" board="amd64-usr" '
                f'track="stable" oem="azure" machineid="{number:032x}" machinealias="{escaped}">'
                f'{inside}</app></request>')
        connection = self.connect(number)
        connection.request("POST", "/v1/update/", body.encode(), {"Content-Type": "text/xml"})
        connection.getresponse().read()
        connection.close()

    def connect(self, number):
        """Each machine has an address of its own, so that a download is known to be its."""
        host, port = self.url.removeprefix("http://").split(":")
        return http.client.HTTPConnection(host, int(port), PATIENCE, (f"127.0.1.{number}", 0))

    def begin_download(self, number):
        """A download that stands still in its middle, as long as what is returned is there."""
        connection = self.connect(number)
        connection.request("GET", "/packages/update.gz")
        answer = connection.getresponse()
        answer.read(PAYLOAD // 2)
        return connection, answer

    def check(self, number, alias, version="4081.2.0"):
        self.send(number, alias, "<updatecheck/>", version)

    def report(self, number, alias, kind, result=1, code=""):
        code = f' errorcode="{code}"' if code else ""
        self.send(number, alias, f'<event eventtype="{kind}" eventresult="{result}"{code}/>')


class Browser:
    """A session of the W3C's WebDriver."""

    def __init__(self, driver, arguments, mobile=None):
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                            "--disable-gpu", *arguments]}
        if mobile:
            options["mobileEmulation"] = mobile
        if "--no-javascript" in arguments:
            content = {"profile.managed_default_content_settings.javascript": 2}
            options["prefs"] = content
        self.driver = driver
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options,
                                        "goog:loggingPrefs": {"browser": "ALL"}}}
        self.session = self.call("POST", "/session", {"capabilities": capabilities})["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.driver + path, data, {}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def go(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def open(self, url):
        self.go("POST", "/url", {"url": url})

    def run(self, script):
        return self.go("POST", "/execute/sync", {"script": script, "args": []})

    def element(self, selector):
        found = self.go("POST", "/element", {"using": "css selector", "value": selector})
        return list(found.values())[0]

    def texts(self, selector):
        """The texts of what is visible."""
        while True:
            try:
                return self.texts_now(selector)
            except urllib.error.HTTPError as error:
                # The page was refreshed meanwhile.
                if error.code != 404:
                    raise

    def texts_now(self, selector):
        found = self.go("POST", "/elements", {"using": "css selector", "value": selector})
        elements = [list(each.values())[0] for each in found]
        shown = [each for each in elements if self.go("GET", f"/element/{each}/displayed")]
        return [self.go("GET", f"/element/{each}/text") for each in shown]

    def click(self, selector):
        self.go("POST", f"/element/{self.element(selector)}/click", {})

    def type(self, selector, text):
        self.go("POST", f"/element/{self.element(selector)}/value", {"text": text})

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.go("GET", "/screenshot")))

    def complaints(self):
        return self.go("POST", "/se/log", {"type": "browser"})

    def close(self):
        self.call("DELETE", f"/session/{self.session}")


def fill(server):
    """A rack of machines, each of which is elsewhere."""
    for number in range(1, 9):
        alias = f"rack-1-node-{number}"
        server.check(number, alias, "4152.2.0" if number == 8 else "4081.2.0")
    for number in (1, 2):
        for kind in (13, 14, 3):
            server.report(number, f"rack-1-node-{number}", kind)
    server.check(1, "rack-1-node-1", "4152.2.0")
    server.report(3, "rack-1-node-3", 13)
    server.report(4, "rack-1-node-4", 14)
    server.report(5, "rack-1-node-5", 3, 0, "268435466")
    server.report(6, "rack-1-node-6", 3, 0, "268435461")
    server.open = server.begin_download(3)


def names(browser):
    return browser.texts("#machines td.name")


def percent(browser):
    return browser.run("const bar = document.querySelector('progress'); return bar && bar.value")


def look(browser, server, picture):
    browser.open(server.url + "/status")
    right(len(until("the rows", lambda: names(browser))) == 8, "a row for each machine")
    # A download's first progress is nothing; the next is told some seconds later.
    until("half a download on its progress bar", lambda: (percent(browser) or 0) >= 50)
    right("%" in "".join(browser.texts("td.progress")), "a progress bar, and a number beside it")
    if picture:
        browser.picture(picture)
    server.check(10, EVIL)
    until("the refresh", lambda: len(names(browser)) == 9)
    right("rack-1-node-9" in browser.texts("#missing")[0], "the missing machine is named")
    right(EVIL in names(browser), "a machine called <img onerror> stays text")
    right(browser.run("return document.images.length") == 0, "no image was made of it")
    colour = "return getComputedStyle(document.querySelector('rect.failed')).fill"
    right(browser.run(colour) not in ("", "rgb(0, 0, 0)"), "the style is applied")
    wide = "return document.querySelector('#totals rect').getBoundingClientRect().width"
    right(browser.run(wide) > 10, "the totals are a bar")

    browser.click("th[data-column=name] button")
    right(names(browser)[1:3] == ["rack-1-node-1", "rack-1-node-2"], "sorted by name")
    browser.click("th[data-column=name] button")
    right(names(browser)[0] == "rack-1-node-8", "and the other way round")
    browser.type("#filter", "hash mismatch")
    right(names(browser) == ["rack-1-node-5"], "filtered by the error")

    server.report(7, "rack-1-node-7", 3, 0, "268435466")
    until("the refresh", lambda: names(browser) == ["rack-1-node-7", "rack-1-node-5"])
    right(True, "refreshed by itself, still filtered and sorted")
    right(browser.run("return document.title") == "4152.2.0: machines", "no script of a machine's ran")
    bad = [line["message"] for line in browser.complaints() if "favicon" not in line["message"]]
    right(not bad, f"the browser has no complaint {bad}")


def main():
    binary, picture = sys.argv[1], (sys.argv[2:] or [None])[0]
    if not (shutil.which("chromedriver") and shutil.which("chromium")):
        if os.environ.get("APT_INSTALL") != "1":
            print("browser: chromium is missing: apt-get install chromium chromium-driver")
            sys.exit(77)
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium",
                        "chromium-driver"], check=True,
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    scratch = tempfile.mkdtemp()
    log = f"{scratch}/driver"
    with open(log, "w") as output:
        driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=output, stderr=output)
    server = None
    try:
        def port():
            # Its first line names the port that was asked for: 0.
            with open(log) as file:
                found = re.search(r"started successfully on port (\d+)", file.read())
            return found and found[1]
        url = "http://127.0.0.1:" + until("the driver", port)
        server = Server(binary, scratch)
        fill(server)
        browser = Browser(url, ["--window-size=1150,680"])
        look(browser, server, picture)
        browser.close()

        browser = Browser(url, ["--no-javascript"])
        browser.open(server.url + "/status")
        right(len(names(browser)) == 9, "without JavaScript: a row for each machine")
        browser.close()

        browser = Browser(url, ["--blink-settings=preferredColorScheme=0"])
        browser.open(server.url + "/status")
        dark = "return getComputedStyle(document.querySelector('td.state')).color"
        scheme = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches")
        right(scheme, "in the dark")
        right(browser.run(dark) == "rgb(242, 130, 122)", "in the dark: other colours")
        browser.close()

        phone = {"deviceMetrics": {"width": 360, "height": 740, "pixelRatio": 2.0}}
        browser = Browser(url, [], phone)
        browser.open(server.url + "/status")
        right(len(names(browser)) == 9, "on a phone: a row for each machine")
        wide = "return document.documentElement.scrollWidth <= 360"
        right(browser.run(wide), "on a phone: nothing to scroll to the side")
        browser.close()
    finally:
        driver.terminate()
        driver.wait()
        if server:
            server.process.terminate()
            server.process.wait()
        shutil.rmtree(scratch, ignore_errors=True)


main()
