// Files and words on their way out of the page. Nothing leaves the machine: the browser makes the file itself.
(() => {
  const coop = window.coop = window.coop || {};

  coop.save = (name, kind, parts) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(Array.isArray(parts) ? parts : [parts], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  coop.copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (error) {
      return false;  // the reader has not allowed it: the words are selected instead, by whoever asked
    }
  };
})();
