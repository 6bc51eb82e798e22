// The page's own script, packed: it is unpacked here, and the page's policy lets it run because it names its hash.
(async () => {
  const packed = document.getElementById('packed').textContent;
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  const script = document.createElement('script');
  script.textContent = await new Response(stream).text();
  document.body.append(script);
})();
